#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "db/database.h"
#include "io/runtime.h"
#include "io/task.h"
#include "jobs/progress.h"
#include "jobs/queue.h"

namespace shoal::jobs {

/// What a running handler is given. Lives as long as the handler runs.
class JobContext {
 public:
  JobContext(const LeasedJob& job, db::Database& database, Progress& progress)
      : job_(job), database_(database), progress_(progress) {}

  const LeasedJob& job() const { return job_; }
  db::Database& database() const { return database_; }
  /// Percent of media time.
  void report_progress(double percent) const { progress_.set(job_.id, percent); }

 private:
  const LeasedJob& job_;
  db::Database& database_;
  Progress& progress_;
};

/// How jobs of one kind are done. `run` writes its effects in transactions that begin with
/// check_fence, or in its last one with complete(); a job that is still leased when `run` succeeds
/// is completed by the runner. An Error of code invalid, unsupported, corrupt, not_found or
/// forbidden or too_large ends the job; unavailable, busy and full are tried again for a week,
/// whatever the attempts; any other until the attempts are used up. The task is cancelled when the
/// lease is lost or the job cancelled: then it must clean up and write nothing.
struct JobHandler {
  std::string kind;
  std::size_t concurrency = 1;  ///< at most so many of this kind in this process
  std::function<io::Task<Result<>>(const LeasedJob&, JobContext&)> run;
  /// In the transaction that ends the job as failed: what the world must know then (optional).
  std::function<void(db::Session&, const LeasedJob&, const Error&)> on_failed;
  bool has_twins = false;  ///< who has nothing else to do makes one that is slow again (twins.h)
};

struct RunnerConfig {
  std::string name = "worker";  ///< a random suffix is added: each start is a new worker
  std::size_t concurrency = 2;  ///< over all kinds
  /// No other worker shares the database: what is leased at the start belongs to the dead.
  bool alone = false;
  Seconds lease{30};
  Milliseconds heartbeat_every{5000};
  Milliseconds poll_every{2000};  ///< notifications are a hint
};

/// A worker: leases jobs whose kinds it knows and runs their handlers, each on an executor of the
/// runtime. handle() before start(); the rest any thread. Await stop() before destroying it.
class Runner {
 public:
  Runner(io::Runtime& runtime, db::Database& database, Progress& progress, Metrics& metrics,
         RunnerConfig config);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  void handle(JobHandler handler);
  void start();
  /// Leases nothing while it is paused; what runs goes on.
  void set_paused(bool paused);
  /// Cancels running handlers, gives their jobs back without counting the attempt, and waits.
  io::Task<> stop();

  const std::string& name() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::jobs
