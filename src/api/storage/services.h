#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "storage/moves/move_filter.h"
#include "storage/store_usage.h"
#include "storage/stores.h"

namespace shoal::api {

/// A store of the configuration as this node finds it now.
struct StoreStatus {
  std::string name;
  std::string type;   ///< "local" or "s3"
  std::string place;  ///< a folder, or a bucket and its server
  bool is_online = false;
  std::string reason{};            ///< why it is away; empty while it is online
  std::optional<UtcTime> since{};  ///< it has been so; nothing before it was looked at
  std::string serve_public{};      ///< "redirect", "presigned" or "proxy"
  std::string serve_private{};
  storage::StorePrices prices{};
  struct BaseUrl {
    std::string url;
    std::uint32_t weight = 1;
    bool is_healthy = false;
  };
  std::vector<BaseUrl> base_urls{};
};

/// What the administrator's page of stores needs beside the database; app fills it in. References
/// outlive the API. Any thread.
struct StorageServices {
  storage::UsageCache* usage = nullptr;
  /// Which store is the home of which files.
  const storage::Stores* stores = nullptr;
  /// All stores of the configuration, the local one first.
  std::function<std::vector<StoreStatus>()> statuses;
  std::uint64_t staging_limit = 0;  ///< bytes; 0: none
};

}  // namespace shoal::api
