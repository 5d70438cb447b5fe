#include "app/storage_jobs.h"

namespace shoal::app {
namespace {

/// 16 are sent at once; the others are read before, or recorded after.
constexpr std::size_t k_moves = 18;
constexpr std::size_t k_repairs = 1;
constexpr std::size_t k_torrents = 1;
/// Places that no copy takes: for who looks after batches and stores, and for what left the public.
constexpr std::size_t k_others = 4;

}  // namespace

StorageJobs::StorageJobs(io::Runtime& runtime, Metrics& metrics, jobs::Progress& progress,
                         const io::Path& scratch, storage::FileMover::Services services,
                         storage::ExposureKeeper::Services exposure)
    : mover_({.scratch = scratch / "moves", .concurrency = k_moves}, services),
      repairer_({.scratch = scratch / "repairs", .concurrency = k_repairs},
                {services.database, services.stores, services.files, services.offload,
                 services.clock, services.on_moved, services.exposes}),
      exposure_(std::move(exposure)),
      pieces_({services.database, services.stores, services.offload}),
      runner_(runtime, services.database, progress, metrics,
              jobs::RunnerConfig{.name = "mover",
                                 .concurrency = k_moves + k_repairs + k_torrents + k_others}) {
  mover_.register_handlers(runner_);
  repairer_.register_handlers(runner_);
  exposure_.register_handlers(runner_);
  pieces_.register_handlers(runner_);
}

}  // namespace shoal::app
