#include "app/storage_jobs.h"

namespace shoal::app {

StorageJobs::StorageJobs(io::Runtime& runtime, Metrics& metrics, jobs::Progress& progress,
                         const storage::FileMoverConfig& config,
                         storage::FileMover::Services services)
    : mover_(config, services),
      // One place beside the copies, for whoever looks after a batch.
      runner_(runtime, services.database, progress, metrics,
              jobs::RunnerConfig{.name = "mover", .concurrency = config.concurrency + 1}) {
  mover_.register_handlers(runner_);
}

}  // namespace shoal::app
