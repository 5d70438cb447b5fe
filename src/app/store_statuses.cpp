#include "app/store_statuses.h"

#include "app/store_prices.h"

namespace shoal::app {
namespace {

std::string place_of(const StoreConfig& store) {
  if (store.type == "local") return store.path;
  const std::string bucket =
      store.prefix.empty() ? store.bucket : fmt::format("{}/{}", store.bucket, store.prefix);
  return fmt::format("{}, {}", bucket, store.endpoint);
}

}  // namespace

std::vector<api::StoreStatus> store_statuses(const Config& config, const OtherStores& others,
                                             const std::optional<std::string>& local_folder,
                                             UtcTime started_at) {
  std::vector<api::StoreStatus> statuses;
  statuses.reserve(config.stores.size() + 1);
  // A server that has one does not start without it.
  if (local_folder) {
    statuses.push_back({.name = std::string(k_local_store),
                        .type = "local",
                        .place = *local_folder,
                        .is_online = true,
                        .since = started_at,
                        .serve_public = "proxy",
                        .serve_private = "proxy"});
  }
  for (const StoreConfig& store : config.stores) {
    const OtherStores::Condition found = others.condition(store.name);
    api::StoreStatus& status = statuses.emplace_back();
    status.name = store.name;
    status.type = store.type;
    status.place = place_of(store);
    status.is_online = found.is_online;
    status.reason = found.reason;
    status.since = found.since;
    status.serve_public = store.serve_public;
    // Of a disk nobody but us can read.
    status.serve_private = store.type == "local" ? "proxy" : store.serve_private;
    status.prices = prices_of(config, store.name);
    for (const delivery::BaseUrls::State& url : found.base_urls)
      status.base_urls.push_back({url.url, url.weight, url.is_healthy});
  }
  return statuses;
}

}  // namespace shoal::app
