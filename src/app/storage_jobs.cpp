#include "app/storage_jobs.h"

namespace shoal::app {

StorageJobs::StorageJobs(io::Runtime& runtime, Metrics& metrics, jobs::Progress& progress,
                         const storage::FileMoverConfig& config,
                         storage::FileMover::Services services,
                         storage::ExposureKeeper::Services exposure)
    : mover_(config, services),
      exposure_(std::move(exposure)),
      // Beside the copies places for whoever looks after batches and stores, and for what left the
      // public.
      runner_(runtime, services.database, progress, metrics,
              jobs::RunnerConfig{.name = "mover", .concurrency = config.concurrency + 4}) {
  mover_.register_handlers(runner_);
  exposure_.register_handlers(runner_);
}

}  // namespace shoal::app
