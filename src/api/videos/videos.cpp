#include "catalog/videos.h"

#include <fmt/format.h>

#include "api/core/body.h"
#include "api/core/reply.h"
#include "api/videos/routes.h"
#include "api/videos/services.h"
#include "api/videos/video_access.h"
#include "api/videos/video_json.h"
#include "base/text.h"

namespace shoal::api {
namespace {

/// How long the page of a public video may be stale: views and state change, content does not.
constexpr Milliseconds k_keep_video{1000};
constexpr std::chrono::hours k_media_token_lifetime{8};

struct VideoPage {
  catalog::Video video;
  std::optional<VideoProcessing> processing;
  std::optional<catalog::SourceFile> source;
};

bool work_may_run(const catalog::Video& video) {
  return video.summary.state != catalog::VideoState::transcoding_failed &&
         (!video.playlist || !video.playlist->is_finished);
}

Answer<VideoPage> read_video(db::Session& session, const Context& context,
                             const catalog::VideoKey& key, const Watcher& watcher) {
  TRY(auto video, find_watchable_page(session, key, watcher));
  VideoPage page{.video = std::move(video), .processing = std::nullopt, .source = std::nullopt};
  const bool is_finished = page.video.playlist && page.video.playlist->is_finished;
  if (!is_finished && may_manage(watcher.caller, page.video.access()))
    page.source = catalog::find_source_file(session, page.video.summary.id);
  const VideoServices* services = context.video_services;
  if (services != nullptr && services->progress != nullptr && work_may_run(page.video))
    page.processing = services->progress->find(session, page.video.summary.id);
  return page;
}

io::Task<Reply> get_video(Call& call) {
  Context& context = call.context;
  const bool shareable = call.caller.is_anonymous();
  ResponseCache::Slot slot;
  if (shareable) slot = co_await context.responses.open(call.request.path);
  if (slot.text) co_return json_response(std::move(slot.text));
  CO_TRY(const auto key, read_video_key(call));
  CO_TRY(const auto page,
         co_await context.database.read(
             [&context, &key, watcher = Watcher::of(call, key)](db::Session& session) {
               return read_video(session, context, key, watcher);
             }));
  const catalog::VideoAccess access = page.video.access();
  JsonWriter json(4096);
  write_video_details(json, context, page.video, context.views.viewers(access.id), page.processing,
                      {.managed = may_manage(call.caller, access), .source = page.source});
  // Only what needs neither a token nor a password, and not by a number that is half a secret.
  const bool keep = shareable && access.privacy == catalog::Privacy::everyone && !page.processing;
  if (!keep) co_return json_response(json);
  co_return json_response(slot.keep(json.take(), k_keep_video));
}

io::Task<Reply> get_description(Call& call) {
  using Text = std::optional<std::string>;
  CO_TRY(const auto key, read_video_key(call));
  CO_TRY(const auto description,
         co_await call.context.database.read(
             [&key, watcher = Watcher::of(call, key)](db::Session& session) -> Answer<Text> {
               TRY(const auto video, find_watchable(session, key, watcher));
               return catalog::find_description(session, video.id).value_or(std::nullopt);
             }));
  JsonWriter json;
  json.object([&] { json.field("description", description); });
  co_return json_response(json);
}

io::Task<Reply> make_media_token(Call& call) {
  Context& context = call.context;
  CO_TRY(const auto key, read_video_key(call));
  CO_TRY(const auto video, co_await context.database.read(
                               [&key, watcher = Watcher::of(call, key)](db::Session& session) {
                                 return find_watchable(session, key, watcher);
                               }));
  if (context.video_services == nullptr || !context.video_services->sign_media_token)
    co_return refuse(503, "This server does not serve media.");
  const UtcTime expires = context.clock.now() + k_media_token_lifetime;
  JsonWriter json;
  json.object([&] {
    json.key("files").object([&] {
      json.field("token", context.video_services->sign_media_token(video.uuid, video.privacy_epoch,
                                                                   expires));
      json.field("expires", expires);
    });
  });
  co_return json_response(json);
}

}  // namespace

void add_video_routes(Routes& routes) {
  routes.get("/api/v1/videos/:id", {.operation = "getVideo"}, get_video);
  routes.get("/api/v1/videos/:id/description", {.operation = "getVideoDesc"}, get_description);
  routes.post("/api/v1/videos/:id/token", {.operation = "requestVideoToken"}, make_media_token);
}

}  // namespace shoal::api
