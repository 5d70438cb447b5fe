#pragma once

#include <string>

#include "app/config/config.h"

namespace shoal::app {

/// `shoal storage check [NAME]`: proves every S3 store of the configuration, or one, and prints
/// what was tried. Returns the exit status: 1 when a step of a store did not pass.
int check_stores(const Config& config, const std::string& name, bool as_json);

}  // namespace shoal::app
