#include "api/core/body.h"
#include "api/core/reply.h"
#include "api/videos/pictures.h"
#include "api/videos/routes.h"
#include "api/videos/services.h"
#include "api/videos/video_access.h"
#include "api/videos/video_attributes.h"
#include "catalog/channels.h"
#include "catalog/video_passwords.h"
#include "processing/video_deletion.h"
#include "storage/exposure/exposure_rows.h"

namespace shoal::api {
namespace {

/// Everybody's answers and delivery's memory of a video that changed or is gone.
void forget(Context& context, const Uuid& video) {
  context.responses.clear();
  context.totals.clear();
  if (context.video_services != nullptr && context.video_services->forget_media)
    context.video_services->forget_media(video);
}

/// A video moves only to a channel of the account that it is of.
Answer<> check_channel(db::Session& session, const catalog::VideoAccess& video,
                       std::int64_t channel) {
  const auto found = catalog::find_channel(session, ChannelId{channel});
  if (!found) return refuse(400, "Unknown video \"video channel\" for this instance.");
  if (found->owner.id != video.account)
    return refuse(400, "Unknown video \"video channel\" for this account.");
  return {};
}

/// A protected video keeps its passwords, or is given some.
Answer<> check_passwords(db::Session& session, const catalog::VideoAccess& video,
                         const catalog::VideoChanges& changes) {
  const bool becomes_protected = changes.privacy == catalog::Privacy::password;
  if (!becomes_protected || changes.passwords || catalog::count_passwords(session, video.id) > 0)
    return {};
  return refuse(Problem::invalid_param(
      "videoPasswords", "Should have at least one password between 2 and 100 characters long"));
}

Answer<catalog::VideoAccess> apply_update(db::Session& session, const Call& call,
                                          const catalog::VideoKey& key,
                                          UpdateAttributes& attributes, const Pictures& pictures) {
  const Context& context = call.context;
  TRY(const auto video, find_manageable(session, key, call.caller));
  if (attributes.channel != 0) {
    TRY_VOID(check_channel(session, video, attributes.channel));
    attributes.changes.channel = ChannelId{attributes.channel};
  }
  TRY_VOID(check_passwords(session, video, attributes.changes));
  TRY_VOID(catalog::update_video(session, video.id, attributes.changes, context.clock.now()));
  if (attributes.changes.privacy) storage::settle_exposure_later(session, video.id);
  attach_pictures(session, context, video.id,
                  record_pictures(session, context, pictures, video.id));
  return video;
}

io::Task<Reply> update_video(Call& call) {
  Context& context = call.context;
  CO_TRY(const auto key, read_video_key(call));
  CO_TRY(auto body, co_await read_body(call));
  auto attributes = read_update_attributes(body.fields);
  CO_TRY_VOID(body.fields.check());
  // Before bytes are stored for somebody who may not.
  CO_TRY_VOID(co_await context.database.read(
      [&call, &key](db::Session& session) { return find_manageable(session, key, call.caller); }));
  CO_TRY(const auto pictures, co_await put_pictures(context, body.files));
  auto updated = co_await context.database.write(
      [&call, &key, &pictures, attributes](db::Session& session) mutable {
        return apply_update(session, call, key, attributes, pictures);
      });
  if (!updated) {
    co_await drop_small_files(context, pictures.all());
    co_return std::unexpected(std::move(updated).error());
  }
  forget(context, updated->uuid);
  co_return no_content();
}

io::Task<Reply> delete_video(Call& call) {
  Context& context = call.context;
  CO_TRY(const auto key, read_video_key(call));
  CO_TRY(const auto video, co_await context.database.write(
                               [&call, &key](db::Session& session) -> Answer<catalog::VideoAccess> {
                                 TRY(const auto found, find_manageable(session, key, call.caller));
                                 TRY_VOID(processing::delete_video_and_files(
                                     session, found.id, trash_due(call.context)));
                                 return found;
                               }));
  forget(context, video.uuid);
  co_return no_content();
}

/// What failed is tried again; a video has all of its renditions in one format, so that the
/// wanted type is only checked.
io::Task<Reply> transcode_again(Call& call) {
  Context& context = call.context;
  CO_TRY(const auto key, read_video_key(call));
  CO_TRY(auto body, co_await read_fields(call));
  if (!body.choice("transcodingType", {"hls", "web-video"})) body.refuse("transcodingType");
  body.boolean("forceTranscoding");
  CO_TRY_VOID(body.check());
  const VideoServices* services = context.video_services;
  if (services == nullptr || !services->retry_processing)
    co_return refuse(400, "This instance does not transcode.");
  CO_TRY(const auto video,
         co_await context.database.write([&](db::Session& session) -> Answer<catalog::VideoAccess> {
           const auto found = catalog::find_video_access(session, key);
           if (!found) return refuse(404, "Video not found");
           TRY_VOID(services->retry_processing(session, found->id));
           return *found;
         }));
  forget(context, video.uuid);
  co_return no_content();
}

}  // namespace

void add_video_edit_routes(Routes& routes) {
  routes.put("/api/v1/videos/:id", {.operation = "putVideo", .access = Access::signed_in},
             update_video);
  routes.del("/api/v1/videos/:id", {.operation = "delVideo", .access = Access::signed_in},
             delete_video);
  routes.post("/api/v1/videos/:id/transcoding",
              {.operation = "createVideoTranscoding", .access = Access::moderator},
              transcode_again);
}

}  // namespace shoal::api
