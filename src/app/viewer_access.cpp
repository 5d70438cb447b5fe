#include "app/viewer_access.h"

#include "api/videos/video_access.h"

namespace shoal::app {

io::Task<delivery::ViewerVerdict> CatalogViewerAccess::may_watch(const net::Request& request,
                                                                 Uuid video) {
  using delivery::ViewerVerdict;
  api::Caller caller;
  if (auto known = co_await api_.callers.identify(request.headers)) caller = *std::move(known);
  const catalog::VideoKey key(video);
  const auto watcher = api::Watcher::of(request, api_, std::move(caller), key);
  const auto found = co_await api_.database.read([&key, &watcher](db::Session& session) {
    return api::find_watchable(session, key, watcher);
  });
  if (found) co_return ViewerVerdict::allowed;
  co_return found.error().status == 429 ? ViewerVerdict::too_many_tries : ViewerVerdict::refused;
}

}  // namespace shoal::app
