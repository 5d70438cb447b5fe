#include "storage/housekeeping.h"

#include "base/check.h"
#include "base/log.h"
#include "db/lease.h"
#include "io/task_group.h"
#include "jobs/list.h"

namespace shoal::storage {

struct Housekeeping::Impl {
  Impl(io::Executor where, db::Database& db, UploadStaging& uploads, StoreLookup lookup,
       const Clock& time, Metrics& metrics, HousekeepingConfig settings)
      : executor(where),
        database(db),
        staging(uploads),
        stores(std::move(lookup)),
        clock(time),
        config(std::move(settings)),
        uploads_gone(metrics.counter("shoal_uploads_collected_total",
                                     "Stale uploads and their files that were removed")),
        objects_gone(metrics.counter("shoal_trash_deleted_total",
                                     "Objects deleted after their time in the trash")),
        failures(metrics.counter("shoal_housekeeping_failures_total",
                                 "Rounds of housekeeping of which a part failed")),
        tasks(std::move(where), "housekeeping") {}

  static io::Task<> loop(Impl& self) {
    boost::asio::steady_timer timer(self.executor);
    for (;;) {
      co_await round(self);
      timer.expires_after(self.config.every);
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
  }

  static io::Task<> round(Impl& self) {
    const auto uploads = co_await self.staging.collect(self.config.batch);
    self.note("uploads", uploads, self.uploads_gone);
    if (!co_await self.holds_duty()) co_return;
    const auto objects =
        co_await collect_trash(self.database, self.stores, self.clock.now(), self.config.batch);
    self.note("trash", objects, self.objects_gone);
    co_await self.prune();
  }

  io::Task<bool> holds_duty() {
    const auto lease =
        co_await database.write([this](db::Session& session) -> Result<std::optional<db::Lease>> {
          return db::acquire_lease(session, "housekeeping", config.node, config.every * 3);
        });
    if (!lease) note_failure("lease", lease.error());
    co_return lease && lease->has_value();
  }

  io::Task<> prune() {
    bool more = true;
    while (more) {
      const auto pruned = co_await database.write([this](db::Session& session) -> Result<bool> {
        return jobs::prune_history(session, config.history_age, config.history_count,
                                   static_cast<std::int64_t>(config.batch));
      });
      if (!pruned) note_failure("job history", pruned.error());
      more = pruned.value_or(false);
    }
  }

  void note(const char* what, const Result<std::size_t>& gone, const Counter& counter) {
    if (gone) {
      counter.add(static_cast<double>(*gone));
    } else {
      note_failure(what, gone.error());
    }
  }
  void note_failure(const char* what, const Error& error) {
    failures.add();
    log::warn("housekeeping failed; it is tried again",
              {{"part", what}, {"reason", error.message}});
  }

  io::Executor executor;
  db::Database& database;
  UploadStaging& staging;
  StoreLookup stores;
  const Clock& clock;
  HousekeepingConfig config;
  Counter uploads_gone;
  Counter objects_gone;
  Counter failures;
  io::TaskGroup tasks;
};

Housekeeping::Housekeeping(io::Executor executor, db::Database& database, UploadStaging& staging,
                           StoreLookup stores, const Clock& clock, Metrics& metrics,
                           HousekeepingConfig config)
    : impl_(std::make_unique<Impl>(std::move(executor), database, staging, std::move(stores), clock,
                                   metrics, std::move(config))) {}

Housekeeping::~Housekeeping() = default;

void Housekeeping::start() {
  SHOAL_CHECK(impl_->tasks.spawn(Impl::loop(*impl_)));
}

io::Task<> Housekeeping::stop() {
  return impl_->tasks.stop();
}

io::Task<> Housekeeping::run_once() {
  return Impl::round(*impl_);
}

}  // namespace shoal::storage
