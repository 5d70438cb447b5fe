#include "app/housekeeping.h"

#include <boost/asio/this_coro.hpp>

#include "api/videos/upkeep.h"
#include "base/log.h"
#include "catalog/tokens.h"
#include "jobs/list.h"

namespace shoal::app {
namespace {

constexpr std::size_t k_batch = 200;
constexpr Seconds k_history_kept{14 * 24 * 3600};
constexpr std::int64_t k_history_limit = 20'000;

}  // namespace

Housekeeping::Housekeeping(io::Executor executor, Services services)
    : services_(std::move(services)),
      ledger_(services_.database, services_.api.clock),
      tasks_(std::move(executor), "housekeeping") {}

void Housekeeping::start() {
  struct Entry {
    Duty duty;
    const char* name;
    Milliseconds every;
  };
  for (const Entry& entry :
       {Entry{&Housekeeping::keep_videos_current, "keep videos current", Seconds(5)},
        Entry{&Housekeeping::collect_leftovers, "collect uploads", Seconds(300)},
        Entry{&Housekeeping::empty_trash, "empty the trash", Seconds(60)},
        Entry{&Housekeeping::prune, "prune", Seconds(3600)}})
    tasks_.spawn(repeat(entry.duty, entry.name, entry.every));
}

io::Task<> Housekeeping::stop() {
  co_await tasks_.stop();
  const auto written = co_await keep_videos_current();
  if (!written) log::warn("views were not written", {{"reason", written.error().message}});
}

io::Task<> Housekeeping::repeat(Duty duty, const char* name, Milliseconds every) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  for (;;) {
    timer.expires_after(every);
    co_await timer.async_wait(io::use_awaitable);
    const auto done = co_await (this->*duty)();
    if (!done)
      log::warn("a housekeeping duty failed", {{"duty", name}, {"reason", done.error().message}});
  }
}

io::Task<Result<>> Housekeeping::keep_videos_current() {
  return api::keep_videos_current(services_.api);
}

io::Task<Result<>> Housekeeping::collect_leftovers() {
  CO_TRY_VOID(co_await api::collect_video_leftovers(services_.api));
  co_return Result<>{};
}

io::Task<Result<>> Housekeeping::tend_ledgers() {
  using Names = std::vector<std::string>;
  CO_TRY(const Names names,
         co_await services_.database.read([](db::Session& session) -> Result<Names> {
           Names registered;
           for (const db::Row& row : session.query("select name from store"))
             registered.push_back(row.text(0));
           return registered;
         }));
  for (const std::string& name : names) {
    blob::BlobStore* const store = services_.stores(name);
    if (store == nullptr) continue;
    const auto tended = co_await ledger_.tend(*store);
    const bool is_held = !tended && tended.error().code == ErrorCode::conflict;
    const std::scoped_lock lock(mutex_);
    if (is_held && held_.insert(name).second) log::error(tended.error().message);
    if (tended) held_.erase(name);
  }
  co_return Result<>{};
}

io::Task<Result<>> Housekeeping::empty_trash() {
  CO_TRY_VOID(co_await tend_ledgers());
  // Nothing is deleted where the database was not found to be the right one.
  const auto lookup = [this](std::string_view name) {
    blob::BlobStore* const store = services_.stores(name);
    return store != nullptr && ledger_.is_tended(name) ? store : nullptr;
  };
  for (bool more = true; more;) {
    CO_TRY(const storage::TrashRound round,
           co_await storage::collect_trash(services_.database, lookup, services_.api.clock.now(),
                                           k_batch, services_.purge));
    more = round.more;
  }
  co_return Result<>{};
}

io::Task<Result<>> Housekeeping::prune() {
  const UtcTime now = services_.api.clock.now();
  CO_TRY_VOID(co_await services_.database.write([now](db::Session& session) -> Result<> {
    catalog::delete_expired_tokens(session, now);
    return {};
  }));
  // One transaction for each batch: other writers get their turn in between.
  for (bool more = true; more;) {
    CO_TRY(more, co_await services_.database.write([](db::Session& session) -> Result<bool> {
      return jobs::prune_history(session, k_history_kept, k_history_limit);
    }));
  }
  co_return Result<>{};
}

}  // namespace shoal::app
