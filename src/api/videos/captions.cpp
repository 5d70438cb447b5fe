#include "catalog/captions.h"

#include <fmt/format.h>

#include "api/core/body.h"
#include "api/core/reply.h"
#include "api/instance/file_extensions.h"
#include "api/videos/pictures.h"
#include "api/videos/routes.h"
#include "api/videos/services.h"
#include "api/videos/video_access.h"
#include "catalog/languages.h"
#include "media/subtitles.h"

namespace shoal::api {
namespace {

constexpr std::string_view k_field = "captionfile";
static_assert(k_max_caption.value == media::SubtitleLimits{}.bytes);

/// Safe WebVTT of what was sent. Errors: 400 naming the field.
io::Task<Answer<std::string>> read_caption(const Context& context, const Body& body) {
  const FormFile* file = body.file(k_field);
  if (file == nullptr)
    co_return refuse(Problem::invalid_param(std::string(k_field), "Should have a file"));
  if (context.video_services == nullptr || context.video_services->disk == nullptr)
    co_return refuse(503, "This server does not store files.");
  // Megabytes of text are no work for the thread that answers everybody.
  auto webvtt =
      co_await context.video_services->disk->run([bytes = file->bytes]() -> Result<std::string> {
        TRY(const auto cues, media::parse_subtitles(bytes));
        return media::write_webvtt(cues);
      });
  if (webvtt) co_return *std::move(webvtt);
  if (webvtt.error().code == ErrorCode::busy) co_return refuse(Problem(webvtt.error()));
  co_return refuse(Problem::invalid_param(std::string(k_field), webvtt.error().message));
}

Answer<std::string> read_language(const Call& call) {
  const std::string_view code = call.parameter("captionLanguage");
  if (catalog::language_label(code)) return std::string(code);
  return refuse(Problem::invalid_params({{.name = "captionLanguage",
                                          .message = "Invalid value",
                                          .location = "params",
                                          .value = boost::json::value(code)}}));
}

io::Task<Reply> put_caption(Call& call) {
  Context& context = call.context;
  CO_TRY(const auto key, read_video_key(call));
  CO_TRY(const auto language, read_language(call));
  CO_TRY_VOID(co_await context.database.read(
      [&call, &key](db::Session& session) { return find_manageable(session, key, call.caller); }));
  CO_TRY(auto body, co_await read_body(call, {.file = k_max_caption, .max_files = 1}));
  CO_TRY(auto webvtt, co_await read_caption(context, body));
  CO_TRY(const auto file,
         co_await put_small_file(
             context, storage::FileKind::caption,
             fmt::format("{}-{}.vtt", Uuid::generate(context.random).text(), language), "text/vtt",
             std::move(webvtt)));
  const auto done = co_await context.database.write(
      [&call, &key, &language, &file](db::Session& session) -> Answer<> {
        TRY(const auto video, find_manageable(session, key, call.caller));
        const FileId id = record_small_file(session, call.context, file, video.id);
        const auto replaced =
            catalog::put_caption(session, video.id, language, id, false, call.context.clock.now());
        if (replaced) storage::trash_file(session, *replaced, trash_due(call.context));
        return {};
      });
  if (!done) {
    co_await drop_small_files(context, {file});
    co_return std::unexpected(done.error());
  }
  co_return no_content();
}

io::Task<Reply> delete_caption(Call& call) {
  CO_TRY(const auto key, read_video_key(call));
  CO_TRY(const auto language, read_language(call));
  CO_TRY_VOID(co_await call.context.database.write(
      [&call, &key, &language](db::Session& session) -> Answer<> {
        TRY(const auto video, find_manageable(session, key, call.caller));
        TRY(const auto file, catalog::remove_caption(session, video.id, language));
        storage::trash_file(session, file, trash_due(call.context));
        return {};
      }));
  co_return no_content();
}

}  // namespace

void add_caption_routes(Routes& routes) {
  constexpr std::string_view k_pattern = "/api/v1/videos/:id/captions/:captionLanguage";
  routes.put(k_pattern, {.operation = "addVideoCaption", .access = Access::signed_in}, put_caption);
  routes.del(k_pattern, {.operation = "delVideoCaption", .access = Access::signed_in},
             delete_caption);
}

}  // namespace shoal::api
