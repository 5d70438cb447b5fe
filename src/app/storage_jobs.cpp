#include "app/storage_jobs.h"

namespace shoal::app {
namespace {

constexpr std::size_t k_moves = 2;
constexpr std::size_t k_repairs = 1;

}  // namespace

StorageJobs::StorageJobs(io::Runtime& runtime, Metrics& metrics, jobs::Progress& progress,
                         const io::Path& scratch, storage::FileMover::Services services)
    : mover_({.scratch = scratch / "moves", .concurrency = k_moves}, services),
      repairer_({.scratch = scratch / "repairs", .concurrency = k_repairs},
                {services.database, services.stores, services.files, services.offload,
                 services.clock, services.on_moved}),
      // One place beside the copies, for whoever looks after a batch.
      runner_(runtime, services.database, progress, metrics,
              jobs::RunnerConfig{.name = "mover", .concurrency = k_moves + k_repairs + 1}) {
  mover_.register_handlers(runner_);
  repairer_.register_handlers(runner_);
}

}  // namespace shoal::app
