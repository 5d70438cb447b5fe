#include "app/viewer_access.h"

#include "api/videos/video_access.h"

namespace shoal::app {

io::Task<bool> CatalogViewerAccess::may_watch(const net::Request& request, Uuid video) {
  api::Watcher watcher;
  auto caller = co_await api_.callers.identify(request.headers);
  if (caller) watcher.caller = *std::move(caller);
  if (const auto password = request.headers.find("x-peertube-video-password"))
    watcher.password = std::string(*password);
  const auto found =
      co_await api_.database.read([video, watcher](db::Session& session) -> Result<bool> {
        return api::find_watchable(session, catalog::VideoKey(video), watcher).has_value();
      });
  co_return found.value_or(false);
}

}  // namespace shoal::app
