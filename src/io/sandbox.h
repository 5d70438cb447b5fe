#pragma once

#include <string>
#include <vector>

#include "io/process.h"

namespace shoal::io {

/// Descriptors that bubblewrap is given; -1 for none.
struct SandboxDescriptors {
  int sync = -1;    ///< stays open as long as anything lives inside
  int info = -1;    ///< told the number of the first process inside, as JSON
  int filter = -1;  ///< of make_system_call_filter
};

/// The bubblewrap command line that runs `command` confined to its sandbox.
std::vector<std::string> sandbox_arguments(const Command& command,
                                           const SandboxDescriptors& descriptors);

/// Where `program` is, as PATH of the sandbox finds it; empty when nowhere.
std::string find_program(const std::string& program);

/// Runs /usr/bin/true confined: false where bubblewrap is missing or may not do its work.
bool sandbox_works();

}  // namespace shoal::io
