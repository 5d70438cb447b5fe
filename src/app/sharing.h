#pragma once

#include <string>
#include <vector>

#include "app/config/config.h"

namespace shoal::app {

/// What keeps this configuration to one machine, as its keys with a word why: empty when whatever a
/// server keeps is reached by all others with the same configuration. The one place that decides
/// whether a database may serve several nodes. Pure.
std::vector<std::string> what_is_unshared(const Config& config);

}  // namespace shoal::app
