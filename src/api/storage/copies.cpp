#include "api/core/reply.h"
#include "api/storage/routes.h"
#include "api/videos/video_access.h"
#include "storage/file_copies.h"

namespace shoal::api {
namespace {

using storage::CopiedFile;
using storage::FileCopy;
using storage::VideoCopies;

void write_file(JsonWriter& json, const CopiedFile& file) {
  json.object([&] {
    json.field("name", file.name).field("kind", storage::to_string(file.kind));
    json.field("contentType", file.content_type).field("size", file.size);
    json.field("resolution", file.height);
    json.key("copies").array(file.copies, [&](const FileCopy& copy) {
      json.object([&] {
        json.field("store", copy.store).field("key", copy.object_key);
        json.field("state", storage::to_string(copy.state));
        json.field("verifiedAt", copy.verified_at);
      });
    });
  });
}

io::Task<Reply> get_copies(Call& call) {
  CO_TRY(const catalog::VideoKey key, read_video_key(call));
  CO_TRY(const auto found, co_await call.context.database.read(
                               [key](db::Session& session) -> Result<std::optional<VideoCopies>> {
                                 const auto video = catalog::find_video_access(session, key);
                                 if (!video) return std::nullopt;
                                 return storage::find_video_copies(session, video->id);
                               }));
  if (!found) co_return refuse(404, "Video not found");
  JsonWriter json;
  json.object([&] {
    json.key("files").array(found->files, [&](const CopiedFile& file) { write_file(json, file); });
    json.key("running").array(found->running, [&](const storage::RunningPieces& pieces) {
      json.object([&] {
        json.field("store", pieces.store).field("files", pieces.files);
        json.field("bytes", pieces.bytes);
      });
    });
  });
  co_return json_response(json);
}

}  // namespace

void add_copies_routes(Routes& routes) {
  routes.get("/api/v1/admin/storage/videos/:id",
             {.operation = "getVideoCopies", .access = Access::administrator}, get_copies);
}

}  // namespace shoal::api
