#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/config/stores.h"
#include "base/config/document.h"

namespace shoal::app {

/// Why no store may have this name ("is …; give …"); empty when one may.
std::string check_store_name(std::string_view name);

/// A StoreConfig with nothing but its name for each name below `stores.`, ordered by name. Wrong
/// names, and more than k_max_stores, become problems and their keys are dropped from the
/// documents. The environment's names are spelt as the file's: SECOND_DISK is second-disk.
std::vector<StoreConfig> take_store_names(config::Document& file, config::Document& environment,
                                          std::vector<config::Problem>& problems);

}  // namespace shoal::app
