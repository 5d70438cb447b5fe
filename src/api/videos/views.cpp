#include "catalog/views.h"

#include <fmt/format.h>

#include "api/core/body.h"
#include "api/core/reply.h"
#include "api/videos/routes.h"
#include "api/videos/video_access.h"

namespace shoal::api {
namespace {

/// Who watches: the user, or what tells anonymous players apart. Never stored: the counter keeps a
/// keyed hash.
std::string viewer_of(const Call& call, const std::optional<std::string>& session_id) {
  if (!call.caller.is_anonymous()) return fmt::format("user {}", call.user().id.value);
  const auto agent = call.request.headers.find("User-Agent").value_or("");
  return fmt::format("{}\n{}\n{}", call.request.client_address, agent, session_id.value_or(""));
}

io::Task<Reply> report_view(Call& call) {
  Context& context = call.context;
  CO_TRY(const auto key, read_video_key(call));
  CO_TRY(auto body, co_await read_fields(call, BodyLimits::of_anybody()));
  const auto seconds = body.integer("currentTime", 0, 10'000'000);
  if (!seconds && body.ok()) body.refuse("currentTime");
  const auto event = body.choice("viewEvent", {"seek"});
  const auto session_id = body.text("sessionId", {.min = 1, .max = 100});
  CO_TRY_VOID(body.check());
  CO_TRY(const auto video, co_await context.database.read(
                               [watcher = Watcher::of(call, key), &key](db::Session& session) {
                                 return find_watchable(session, key, watcher);
                               }));
  // A player may be one second ahead of a duration that was rounded down.
  if (Seconds{*seconds} > std::chrono::ceil<Seconds>(video.duration) + Seconds{1}) {
    co_return refuse(
        400, fmt::format("Current time {} is invalid (video {} duration: {})", *seconds,
                         video.uuid.text(), std::chrono::floor<Seconds>(video.duration).count()));
  }
  context.views.report({.video = video.id,
                        .duration = video.duration,
                        .position = Seconds{*seconds},
                        .seeked = event.has_value(),
                        .viewer = viewer_of(call, session_id)});
  co_return no_content();
}

}  // namespace

void add_view_routes(Routes& routes) {
  for (const char* pattern : {"/api/v1/videos/:id/views", "/api/v1/videos/:id/watching"}) {
    routes.post(pattern, {.operation = "addView"}, report_view);
    routes.put(pattern, {.operation = "addView"}, report_view);
  }
}

}  // namespace shoal::api
