#include "app/housekeeping.h"

#include <boost/asio/this_coro.hpp>

#include "api/videos/upkeep.h"
#include "base/log.h"
#include "catalog/tokens.h"
#include "jobs/list.h"
#include "runners/coverage.h"
#include "scaling/nodes/node_rows.h"

namespace shoal::app {
namespace {

constexpr std::size_t k_batch = 200;
/// Somebody may be on the way: a node that restarts, a worker that is started.
constexpr Seconds k_stranded_after{90};
/// So that an administrator sees which of the nodes died.
constexpr std::chrono::hours k_dead_nodes_kept{24};
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
       {Entry{&Housekeeping::write_views, "write views", Seconds(5)},
        Entry{&Housekeeping::publish_scheduled, "publish what was scheduled", Seconds(5)},
        Entry{&Housekeeping::collect_uploads, "collect uploads", Seconds(300)},
        Entry{&Housekeeping::collect_leftovers, "collect leftovers", Seconds(300)},
        Entry{&Housekeeping::empty_trash_in_turn, "empty the trash", Seconds(60)},
        Entry{&Housekeeping::look_for_stranded_jobs, "look for stranded jobs", Seconds(30)},
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
    co_await timer.async_wait(io::use_awaitable);
    const auto done = co_await (this->*duty)();
    if (!done)
      log::warn("a housekeeping duty failed", {{"duty", name}, {"reason", done.error().message}});
  }
}

io::Task<Result<>> Housekeeping::write_views() {
  return api::write_views(services_.api);
}

io::Task<Result<>> Housekeeping::collect_uploads() {
  return api::collect_uploads(services_.api);
}

io::Task<Result<>> Housekeeping::publish_scheduled() {
  if (auto fence = services_.turn())
    co_return co_await api::publish_scheduled(services_.api, *std::move(fence));
  co_return Result<>{};
}

io::Task<Result<>> Housekeeping::collect_leftovers() {
  if (auto fence = services_.turn())
    co_return co_await api::collect_video_leftovers(services_.api, *std::move(fence));
  co_return Result<>{};
}

io::Task<Result<>> Housekeeping::empty_trash_in_turn() {
  if (services_.turn()) co_return co_await empty_trash();
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

io::Task<Result<>> Housekeeping::look_for_stranded_jobs() {
  const runners::KindNeeds& needs = services_.api.config.job_needs;
  std::vector<runners::Stranded> found;
  if (services_.turn()) {
    CO_TRY(found, co_await services_.database.read(
                      [&needs](db::Session& session) -> Result<std::vector<runners::Stranded>> {
                        return runners::find_stranded(session, needs, k_stranded_after);
                      }));
  }
  const auto gauge = [this](const std::string& kind) {
    return services_.api.metrics.gauge(
        "shoal_jobs_stranded", "Jobs that wait and that nobody who lives does", {{"kind", kind}});
  };
  const std::set<std::string> before = std::exchange(stranded_, {});
  for (const runners::Stranded& kind : found) {
    stranded_.insert(kind.kind);
    gauge(kind.kind).set(static_cast<double>(kind.jobs));
    if (before.contains(kind.kind)) continue;
    log::warn("jobs wait for who does them", {{"kind", kind.kind},
                                              {"jobs", kind.jobs},
                                              {"reason", runners::why_stranded(kind.kind, needs)}});
  }
  for (const std::string& kind : before) {
    if (!stranded_.contains(kind)) gauge(kind).set(0);
  }
  co_return Result<>{};
}

io::Task<Result<>> Housekeeping::prune() {
  const auto fence = services_.turn();
  if (!fence) co_return Result<>{};
  const UtcTime now = services_.api.clock.now();
  CO_TRY_VOID(co_await services_.database.write([now, &fence](db::Session& session) -> Result<> {
    TRY_VOID((*fence)(session));
    catalog::delete_expired_tokens(session, now);
    scaling::forget_silent(session, k_dead_nodes_kept);
    return {};
  }));
  // One transaction for each batch: other writers get their turn in between.
  for (bool more = true; more;) {
    CO_TRY(more, co_await services_.database.write([&fence](db::Session& session) -> Result<bool> {
      TRY_VOID((*fence)(session));
      return jobs::prune_history(session, k_history_kept, k_history_limit);
    }));
  }
  co_return Result<>{};
}

}  // namespace shoal::app
