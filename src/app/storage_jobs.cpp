#include "app/storage_jobs.h"

namespace shoal::app {
namespace {

constexpr std::size_t k_moves = 16;
constexpr std::size_t k_repairs = 1;
/// Places that no copy takes: for who looks after batches and stores, and for what left the public.
constexpr std::size_t k_others = 4;

}  // namespace

StorageJobs::StorageJobs(io::Runtime& runtime, Metrics& metrics, jobs::Progress& progress,
                         const io::Path& scratch, storage::FileMover::Services services,
                         storage::ExposureKeeper::Services exposure)
    : mover_({.scratch = scratch / "moves", .concurrency = k_moves}, services),
      repairer_({.scratch = scratch / "repairs", .concurrency = k_repairs},
                {services.database, services.stores, services.files, services.offload,
                 services.clock, services.on_moved, services.on_switch, services.exposes}),
      exposure_(std::move(exposure)),
      runner_(runtime, services.database, progress, metrics,
              jobs::RunnerConfig{.name = "mover", .concurrency = k_moves + k_repairs + k_others}) {
  mover_.register_handlers(runner_);
  repairer_.register_handlers(runner_);
  exposure_.register_handlers(runner_);
}

}  // namespace shoal::app
