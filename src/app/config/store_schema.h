#pragma once

#include <array>
#include <string>
#include <string_view>

#include "app/config/config.h"
#include "base/config/key.h"

namespace shoal::app {

struct HomeKey {
  std::string_view kind;  ///< "renditions" of homes.renditions
  std::string Homes::* home;
  std::string_view description;
};
extern const std::array<HomeKey, 8> k_homes;

/// The keys below `path` ("stores.archive"), bound to `store`.
void describe_store(config::Schema& schema, std::string_view path, StoreConfig& store);

/// stores.*, homes.* and object_storage.*; of the stores those that were not made from
/// object_storage.
void describe_stores(config::Schema& schema, Config& config);

}  // namespace shoal::app
