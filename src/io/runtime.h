#pragma once

#include <cstddef>
#include <memory>

#include "io/task.h"

namespace shoal::io {

/// Cores that this process may run on, as its affinity mask says; at least 1.
std::size_t usable_cores();

/// One io_context and one thread per core. Any thread. A connection lives on one executor. Makes
/// the process ignore SIGPIPE and raises its limit of open files as far as it may.
class Runtime {
 public:
  explicit Runtime(std::size_t threads);
  /// Stops the threads; every service must have been stopped before.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  std::size_t size() const;
  Executor executor(std::size_t index) const;
  /// Executors in turn, for work without a home.
  Executor next_executor();
  /// Blocks until `task` has ended on one of the executors; rethrows. For main and tests.
  void run_until_done(Task<> task);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal::io
