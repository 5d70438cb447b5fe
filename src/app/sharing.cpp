#include "app/sharing.h"

#include <fmt/format.h>

#include "app/config/store_schema.h"

namespace shoal::app {

std::vector<std::string> what_is_unshared(const Config& config) {
  std::vector<std::string> keys;
  for (const HomeKey& home : k_homes)
    if (config.homes.*home.home == k_local_store)
      keys.push_back(fmt::format("homes.{} (local)", home.kind));
  for (const StoreConfig& store : config.stores)
    if (store.type == "local")
      keys.push_back(fmt::format("stores.{} (a local folder)", store.name));
  return keys;
}

}  // namespace shoal::app
