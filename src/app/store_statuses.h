#pragma once

#include <vector>

#include "api/storage/services.h"
#include "app/config/config.h"
#include "app/other_stores.h"

namespace shoal::app {

/// What the administrator's page says of each store of the configuration, the local one first.
std::vector<api::StoreStatus> store_statuses(const Config& config, const OtherStores& others,
                                             const std::string& local_folder, UtcTime started_at);

}  // namespace shoal::app
