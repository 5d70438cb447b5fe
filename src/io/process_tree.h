#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace shoal::io {

/// What a process and all below it use at this moment, from /proc.
struct TreeUsage {
  std::size_t tasks = 0;             ///< processes and threads
  std::uint64_t resident_bytes = 0;  ///< private memory
};

/// Stops looking once more than `task_limit` tasks were found. Blocking, but short.
TreeUsage measure_tree(pid_t root, std::size_t task_limit);

/// Of all its threads; empty when there is no such process.
std::vector<pid_t> children_of(pid_t process);

}  // namespace shoal::io
