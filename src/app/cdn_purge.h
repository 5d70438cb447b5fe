#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/config/stores.h"
#include "base/result.h"
#include "io/task.h"
#include "net/http/client.h"

namespace shoal::app {

/// Tells a store's `purge_url` which URLs its CDN must forget: a POST of {"urls": ["…"]}, one for
/// each base URL, that is done when any 2xx is answered. Immutable, any thread.
class CdnPurge {
 public:
  explicit CdnPurge(const std::vector<StoreConfig>& stores);

  /// Nothing to do, and a success, for stores without a purge_url. Errors: unavailable (no answer,
  /// or another status).
  io::Task<Result<>> purge(std::string store, std::string object_key) const;

 private:
  struct Target {
    std::string purge_url;
    std::vector<std::string> roots;  ///< to which '/' and the key are appended
  };
  std::map<std::string, Target> targets_;
  net::HttpClient http_;
};

}  // namespace shoal::app
