#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/machine_labels.h"
#include "base/random.h"
#include "base/result.h"
#include "io/file_system.h"
#include "io/task.h"
#include "processing/steps.h"
#include "worker/server_link.h"

namespace shoal::worker {

struct WorkerConfig {
  io::Path folder;              ///< sources and scratch; of this process alone
  std::size_t concurrency = 1;  ///< made at once; as many may be on their way to the server beside
  MachineLabels labels{};       ///< what this machine has, in order
  Seconds ask_for{10};          ///< how long the server may wait for a job before it answers
  Milliseconds poll_every{2'000};  ///< not asked more often while there is none
  /// Well within the server's lease of half a minute.
  Milliseconds beat_every{5'000};
};

/// Takes segment jobs, makes them with the server's own steps, and sends what came of it. What
/// fails on the way is tried again for as long as the lease is held; a lease that was lost ends its
/// work. Runs on one executor.
class Worker {
 public:
  Worker(WorkerConfig config, std::string runner_token, const ServerLink& server,
         const processing::Steps& steps, Random& random, io::Executor executor);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Until stop(), or until the server does not know this worker (any more): unauthorized then.
  io::Task<Result<>> run();
  /// Takes no more jobs; run() returns when those that run are done.
  void drain();
  /// Takes no more jobs, ends those that run and gives them back; run() returns then.
  void stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::worker
