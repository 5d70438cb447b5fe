#include "jobs/runner.h"

#include <atomic>
#include <set>

#include "base/check.h"
#include "base/log.h"
#include "base/random.h"
#include "io/task_group.h"
#include "jobs/twins.h"

namespace shoal::jobs {

namespace {

/// What an Error says about trying again.
enum class Verdict {
  permanent,  ///< it will not get better
  outside,    ///< something that the job needs is away
  unlucky,    ///< perhaps, a few times
};

Verdict judge(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid:
    case ErrorCode::unsupported:
    case ErrorCode::corrupt:
    case ErrorCode::not_found:
    case ErrorCode::forbidden:
    case ErrorCode::too_large:
      return Verdict::permanent;
    case ErrorCode::unavailable:
    case ErrorCode::busy:
    case ErrorCode::full:
      return Verdict::outside;
    default:
      return Verdict::unlucky;
  }
}

constexpr Milliseconds k_database_pause{1000};

/// One leased job of this process.
struct Running {
  Running(LeasedJob leased, const JobHandler& how, db::Database& database, Progress& progress,
          io::Executor executor)
      : job(std::move(leased)),
        handler(how),
        context(job, database, progress),
        group(std::move(executor), "job " + how.kind) {}

  LeasedJob job;
  const JobHandler& handler;
  JobContext context;
  std::optional<Result<>> outcome;  ///< nothing: cancelled
  io::TaskGroup group;
};
using RunningPointer = std::shared_ptr<Running>;

LeaseKey key_of(const Running& entry) {
  return {entry.job.id, entry.job.fence};
}

}  // namespace

/// Everything here runs on `home`; handlers run elsewhere and touch only their own Running. The
/// loops end by `stopping`, never by cancellation: a cancelled lease_next would lose the job that
/// it had just leased until its lease expires.
struct Runner::Impl : std::enable_shared_from_this<Impl> {
  Impl(io::Runtime& io_runtime, db::Database& db, Progress& shown, Metrics& registry,
       RunnerConfig settings)
      : runtime(io_runtime),
        database(db),
        progress(shown),
        metrics(registry),
        config(std::move(settings)),
        home(runtime.next_executor()),
        tasks(home, "job runner") {
    SystemRandom random;
    config.name += '-' + random.hex(6);
  }

  std::vector<std::string> free_kinds() const {
    std::vector<std::string> kinds;
    if (stopping || paused || running.size() >= config.concurrency) return kinds;
    for (const auto& [kind, handler] : handlers) {
      const auto busy = std::ranges::count_if(
          running, [&](const auto& entry) { return entry.second->job.kind == kind; });
      if (static_cast<std::size_t>(busy) < handler.concurrency) kinds.push_back(kind);
    }
    return kinds;
  }

  io::Task<> lease_loop() {
    if (config.alone) co_await take_over();
    while (!stopping) {
      const auto seen = database.notifier().count(k_waiting_channel);
      const auto kinds = free_kinds();
      std::optional<LeasedJob> job;
      if (!kinds.empty()) job = co_await lease(kinds);
      if (job && stopping) {
        co_await hand_back(*std::move(job));
      } else if (job) {
        start_job(*std::move(job));
      } else {
        co_await database.notifier().wait(k_waiting_channel, seen, config.poll_every);
      }
    }
  }

  /// What is leased now was by a process that is gone.
  io::Task<> take_over() {
    const auto done = co_await database.write([](db::Session& session) -> Result<> {
      reclaim_all(session);
      return {};
    });
    if (!done) log::warn("no job could be taken over", {{"reason", done.error().message}});
  }

  /// Leased while stop() was called: never begun.
  io::Task<> hand_back(LeasedJob job) {
    const auto done = co_await database.write(
        [job = std::move(job)](db::Session& session) { return release(session, job); });
    if (!done) log::warn("a job could not be given back", {{"reason", done.error().message}});
  }

  io::Task<std::optional<LeasedJob>> lease(std::vector<std::string> kinds) {
    std::vector<std::string> slow = kinds;
    std::erase_if(slow, [this](const auto& kind) { return !handlers.at(kind).has_twins; });
    std::vector<std::string> all;
    if (!introduced) {
      all.reserve(handlers.size());
      for (const auto& [kind, handler] : handlers) all.push_back(kind);
    }
    leasing = true;
    auto leased = co_await database.write(
        [worker = config.name, kinds = std::move(kinds), slow = std::move(slow),
         all = std::move(all),
         lease = config.lease](db::Session& session) -> Result<std::optional<LeasedJob>> {
          if (!all.empty()) introduce(session, worker, all);
          auto job = lease_next(session, worker, kinds, lease);
          return job ? job : lease_twin(session, worker, slow, lease);
        });
    leasing = false;
    if (!leased) {
      log::warn("no job could be leased", {{"reason", leased.error().message}});
      co_return std::nullopt;
    }
    introduced = true;
    co_return *std::move(leased);
  }

  void start_job(LeasedJob job) {
    const auto handler = handlers.find(job.kind);
    SHOAL_CHECK(handler != handlers.end());
    auto entry = std::make_shared<Running>(std::move(job), handler->second, database, progress,
                                           runtime.next_executor());
    const bool fresh = running.emplace(key_of(*entry), entry).second;
    SHOAL_CHECK(fresh);
    gauge(entry->job.kind).add(1);
    SHOAL_CHECK(tasks.spawn(supervise(shared_from_this(), std::move(entry))));
  }

  static io::Task<> run_handler(RunningPointer entry) {
    entry->outcome = co_await entry->handler.run(entry->job, entry->context);
  }

  static io::Task<> supervise(std::shared_ptr<Impl> self, RunningPointer entry) {
    if (entry->job.attempt > entry->job.max_attempts) {
      entry->outcome = std::unexpected(died_with_worker(entry->job));
    } else if (!self->stopping) {
      entry->group.spawn(run_handler(entry));
      co_await entry->group.drain();
    }
    co_await self->end_job(*entry);
    self->progress.remove(entry->job.id);
    self->gauge(entry->job.kind).add(-1);
    self->running.erase(key_of(*entry));
    // A slot is free.
    self->database.notifier().signal(k_waiting_channel);
  }

  /// Until the database took it: the lease is alive as long as this process is, so nobody else
  /// would ever run the job again.
  io::Task<> end_job(Running& entry) {
    // What the handler does about a failure must not hold the job for ever when it cannot be done.
    for (bool tell = true;;) {
      auto written = co_await database.write([&entry, tell](db::Session& session) -> Result<> {
        return write_end(session, entry, tell);
      });
      const bool refused = !written && judge(written.error().code) != Verdict::outside;
      // A handler may complete its job itself, in the transaction that writes its effects.
      const bool over = refused && written.error().code == ErrorCode::conflict && entry.outcome &&
                        entry.outcome->has_value();
      if (written || over || (refused && !tell)) {
        report(entry, written.has_value());
        co_return;
      }
      // A lost lease is still lost at the second try.
      if (refused) tell = false;
      log::warn("the end of a job could not be written",
                {{"job", entry.job.id.value}, {"reason", written.error().message}});
      if (stopping) co_return;
      if (!refused) co_await pause(k_database_pause);
    }
  }

  static Result<> write_end(db::Session& session, const Running& entry, bool tell) {
    const LeasedJob& job = entry.job;
    if (!entry.outcome) return release(session, job);
    if (entry.outcome->has_value()) return complete(session, job);
    const Error& error = entry.outcome->error();
    TRY(const bool ended, write_failure(session, job, error));
    if (ended && tell && entry.handler.on_failed) entry.handler.on_failed(session, job, error);
    return {};
  }

  static Result<bool> write_failure(db::Session& session, const LeasedJob& job,
                                    const Error& error) {
    const Verdict verdict = judge(error.code);
    if (verdict == Verdict::outside) return postpone(session, job, error.message);
    return fail_attempt(session, job, error.message, verdict == Verdict::permanent);
  }

  void report(const Running& entry, bool written) {
    const char* outcome = "completed";
    if (!entry.outcome) {
      outcome = "stopped";
    } else if (!entry.outcome->has_value()) {
      outcome = "failed";
      log::warn("a job failed", {{"job", entry.job.id.value},
                                 {"kind", entry.job.kind},
                                 {"video", entry.job.video ? entry.job.video->value : 0},
                                 {"attempt", entry.job.attempt},
                                 {"lost", !written},
                                 {"reason", entry.outcome->error().message}});
    }
    metrics
        .counter("shoal_jobs_ended_total", "Runs of jobs in this process by how they ended",
                 {{"kind", entry.job.kind}, {"outcome", outcome}})
        .add();
  }

  io::Task<> heartbeat_loop() {
    auto& notifier = database.notifier();
    while (!stopping) {
      const auto seen = notifier.count(k_cancelled_channel);
      if (!running.empty()) co_await beat();
      if (!stopping) co_await notifier.wait(k_cancelled_channel, seen, config.heartbeat_every);
    }
  }

  io::Task<> beat() {
    std::vector<LeaseKey> before;
    before.reserve(running.size());
    for (const auto& [key, entry] : running) before.push_back(key);
    const auto held =
        co_await database.write_urgent([worker = config.name, lease = config.lease](
                                           db::Session& session) -> Result<std::vector<LeaseKey>> {
          return jobs::heartbeat(session, worker, lease);
        });
    if (!held) {
      log::warn("no heartbeat could be written", {{"reason", held.error().message}});
      co_return;
    }
    const std::set<LeaseKey> still(held->begin(), held->end());
    for (const LeaseKey& key : before) {
      const auto found = running.find(key);
      if (found != running.end() && !still.contains(key)) found->second->group.cancel();
    }
    std::vector<LeaseKey> unknown;
    for (const LeaseKey& key : still) {
      if (!running.contains(key) && !leasing) unknown.push_back(key);
    }
    if (!unknown.empty()) co_await give_back(std::move(unknown));
  }

  io::Task<> give_back(std::vector<LeaseKey> unknown) {
    const auto done = co_await database.write(
        [worker = config.name, unknown = std::move(unknown)](db::Session& session) -> Result<> {
          abandon(session, worker, unknown);
          return {};
        });
    if (!done) log::warn("jobs could not be given back", {{"reason", done.error().message}});
  }

  io::Task<> pause(Milliseconds time) const {
    boost::asio::steady_timer timer(home, time);
    co_await timer.async_wait(io::use_awaitable);
  }

  Gauge gauge(const std::string& kind) {
    return metrics.gauge("shoal_jobs_running", "Jobs that run in this process", {{"kind", kind}});
  }

  static io::Task<> run_leases(std::shared_ptr<Impl> self) { co_await self->lease_loop(); }
  static io::Task<> run_heartbeats(std::shared_ptr<Impl> self) { co_await self->heartbeat_loop(); }

  /// On `home`.
  static io::Task<> shut_down(std::shared_ptr<Impl> self) {
    self->stopping = true;
    for (const auto& [id, entry] : self->running) entry->group.cancel();
    self->database.notifier().signal(k_waiting_channel);
    self->database.notifier().signal(k_cancelled_channel);
    co_await self->tasks.drain();
  }

  io::Runtime& runtime;
  db::Database& database;
  Progress& progress;
  Metrics& metrics;
  RunnerConfig config;
  io::Executor home;
  std::map<std::string, JobHandler> handlers;
  std::map<LeaseKey, RunningPointer> running;
  bool stopping = false;
  bool introduced = false;  ///< the database knows what this worker does
  std::atomic<bool> paused = false;
  bool leasing = false;  ///< a lease is on its way: the database knows of a job that we do not
  io::TaskGroup tasks;
};

Runner::Runner(io::Runtime& runtime, db::Database& database, Progress& progress, Metrics& metrics,
               RunnerConfig config)
    : impl_(std::make_shared<Impl>(runtime, database, progress, metrics, std::move(config))) {}

Runner::~Runner() = default;

void Runner::handle(JobHandler handler) {
  std::string kind = handler.kind;
  SHOAL_CHECK(impl_->handlers.emplace(std::move(kind), std::move(handler)).second);
}

void Runner::start() {
  SHOAL_CHECK(impl_->tasks.spawn(Impl::run_leases(impl_)));
  SHOAL_CHECK(impl_->tasks.spawn(Impl::run_heartbeats(impl_)));
}

void Runner::set_paused(bool paused) {
  impl_->paused = paused;
  impl_->database.notifier().signal(k_waiting_channel);
}

io::Task<> Runner::stop() {
  return boost::asio::co_spawn(impl_->home, Impl::shut_down(impl_), io::use_awaitable);
}

const std::string& Runner::name() const {
  return impl_->config.name;
}

}  // namespace shoal::jobs
