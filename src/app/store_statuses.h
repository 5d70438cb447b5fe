#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/storage/services.h"
#include "app/config/config.h"
#include "app/other_stores.h"

namespace shoal::app {

/// What the administrator's page says of each store of the configuration, the local one first;
/// nothing of it where this node keeps nothing itself (no `local_folder`).
std::vector<api::StoreStatus> store_statuses(const Config& config, const OtherStores& others,
                                             const std::optional<std::string>& local_folder,
                                             UtcTime started_at);

}  // namespace shoal::app
