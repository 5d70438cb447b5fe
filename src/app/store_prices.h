#pragma once

#include <string_view>

#include "app/config/config.h"
#include "storage/moves/move_filter.h"

namespace shoal::app {

/// What `stores.<name>.price` says; nothing costs anything in the local store, and in one that the
/// configuration does not know.
storage::StorePrices prices_of(const Config& config, std::string_view store);

}  // namespace shoal::app
