#pragma once

#include "io/runtime.h"
#include "jobs/runner.h"
#include "storage/checks/file_repairer.h"
#include "storage/exposure/exposure_keeper.h"
#include "storage/moves/file_mover.h"
#include "storage/piece_maker.h"

namespace shoal::app {

/// Moves files between stores, repairs copies, settles who may know where they are, and hashes the
/// pieces of torrents, in a runner of its own: a copy that waits for a slow store takes no place
/// from the work on new videos. start() once; await stop() before destruction.
class StorageJobs {
 public:
  StorageJobs(io::Runtime& runtime, Metrics& metrics, jobs::Progress& progress,
              const io::Path& scratch, storage::FileMover::Services services,
              storage::ExposureKeeper::Services exposure);
  void start() { runner_.start(); }
  /// As jobs::Runner's.
  void set_paused(bool paused) { runner_.set_paused(paused); }
  io::Task<> stop() { return runner_.stop(); }

 private:
  storage::FileMover mover_;
  storage::FileRepairer repairer_;
  storage::ExposureKeeper exposure_;
  storage::PieceMaker pieces_;
  jobs::Runner runner_;
};

}  // namespace shoal::app
