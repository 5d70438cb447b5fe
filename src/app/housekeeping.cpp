#include "app/housekeeping.h"

#include <boost/asio/this_coro.hpp>

#include "base/log.h"
#include "catalog/tokens.h"
#include "catalog/videos.h"
#include "jobs/list.h"

namespace shoal::app {
namespace {

constexpr std::size_t k_batch = 200;
/// Ids of written view batches are kept for as long as a node may be repeating one.
constexpr std::chrono::hours k_view_batches_kept{24};
constexpr Seconds k_history_kept{14 * 24 * 3600};
constexpr std::int64_t k_history_limit = 20'000;

}  // namespace

Housekeeping::Housekeeping(io::Executor executor, Services services)
    : services_(std::move(services)), tasks_(std::move(executor), "housekeeping") {}

void Housekeeping::start() {
  struct Entry {
    Duty duty;
    const char* name;
    Milliseconds every;
  };
  for (const Entry& entry : {Entry{&Housekeeping::write_views, "write views", Seconds(5)},
                             Entry{&Housekeeping::publish_scheduled, "publish", Seconds(15)},
                             Entry{&Housekeeping::collect_uploads, "collect uploads", Seconds(300)},
                             Entry{&Housekeeping::empty_trash, "empty the trash", Seconds(60)},
                             Entry{&Housekeeping::prune, "prune", Seconds(3600)}})
    tasks_.spawn(repeat(entry.duty, entry.name, entry.every));
}

io::Task<> Housekeeping::stop() {
  co_await tasks_.stop();
  const auto written = co_await write_views();
  if (!written) log::warn("views were not written", {{"reason", written.error().message}});
}

io::Task<> Housekeeping::repeat(Duty duty, const char* name, Milliseconds every) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  for (;;) {
    timer.expires_after(every);
    co_await timer.async_wait(boost::asio::use_awaitable);
    const auto done = co_await (this->*duty)();
    if (!done)
      log::warn("a housekeeping duty failed", {{"duty", name}, {"reason", done.error().message}});
  }
}

io::Task<Result<>> Housekeeping::write_views() {
  catalog::ViewCounter& views = services_.api.views;
  while (const auto batch = views.next_batch()) {
    const UtcTime now = services_.api.clock.now();
    CO_TRY_VOID(co_await services_.database.write([batch = *batch, now](db::Session& session) {
      catalog::add_views(session, batch, now);
      return Result<>{};
    }));
    views.written(*batch);
  }
  co_return Result<>{};
}

io::Task<Result<>> Housekeeping::publish_scheduled() {
  const UtcTime now = services_.api.clock.now();
  CO_TRY(
      const std::vector<Uuid> changed,
      co_await services_.database.write([now](db::Session& session) -> Result<std::vector<Uuid>> {
        std::vector<Uuid> uuids;
        for (const VideoId id : catalog::apply_scheduled_updates(session, now, k_batch)) {
          const auto access = catalog::find_video_access(session, catalog::VideoKey(id));
          if (access) uuids.push_back(access->uuid);
        }
        return uuids;
      }));
  for (const Uuid& video : changed) services_.media.forget_video(video);
  co_return Result<>{};
}

io::Task<Result<>> Housekeeping::collect_uploads() {
  CO_TRY_VOID(co_await services_.staging.collect(k_batch));
  co_return Result<>{};
}

io::Task<Result<>> Housekeeping::empty_trash() {
  CO_TRY_VOID(co_await storage::collect_trash(services_.database, services_.stores,
                                              services_.api.clock.now(), k_batch));
  co_return Result<>{};
}

io::Task<Result<>> Housekeeping::prune() {
  const UtcTime now = services_.api.clock.now();
  co_return co_await services_.database.write([now](db::Session& session) -> Result<> {
    catalog::delete_expired_tokens(session, now);
    catalog::prune_view_batches(session, now - k_view_batches_kept);
    jobs::prune_history(session, k_history_kept, k_history_limit);
    return {};
  });
}

}  // namespace shoal::app
