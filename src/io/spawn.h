#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "io/process.h"

namespace shoal::io {

/// A child process as it is to be started. Descriptors of -1 are /dev/null.
struct Launch {
  std::string program;                 ///< a path
  std::vector<std::string> arguments;  ///< with the name in front
  int standard_output = -1;
  int standard_error = -1;
  std::vector<int> kept;  ///< stay open in the child under their numbers
  Sandbox limits;
  /// The child is the first process of a PID namespace, with a /proc of that in a mount namespace
  /// of its own: the kernel kills all that is below it when it ends, and lets it end only after.
  bool own_namespaces = false;
};

struct Spawned {
  pid_t pid = -1;
  int pidfd = -1;  ///< readable once it ended; owned by the caller
};

/// Starts a child that shares nothing with us but these descriptors and our session: in a process
/// group of its own, with its limits, killed when this thread ends (at whatever instant). Nothing
/// of ours is copied (vfork). Any thread. Errors: unavailable.
Result<Spawned> spawn(const Launch& launch);

}  // namespace shoal::io
