#pragma once

#include <string>
#include <vector>

#include "io/process.h"

namespace shoal::io {

/// The bubblewrap command line that runs `command` confined to its sandbox. `filter` is a
/// descriptor of make_system_call_filter.
std::vector<std::string> sandbox_arguments(const Command& command, Confinement confinement,
                                           int filter);

/// Where `program` is, as PATH of the sandbox finds it; empty when nowhere.
std::string find_program(const std::string& program);

/// Runs /usr/bin/true so confined: false where bubblewrap is missing or may not do its work.
bool confinement_works(Confinement confinement);

}  // namespace shoal::io
