#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/metrics.h"

namespace shoal::api {

/// Rendered answers that are the same for everybody, for as long as each may be stale. Bounded by
/// entries and bytes. What one caller may see and another may not never goes in. Any thread.
class ResponseCache {
 public:
  static constexpr std::size_t k_max_entries = 2'000;
  static constexpr std::size_t k_max_bytes = std::size_t{8} << 20;

  using Text = std::shared_ptr<const std::string>;

  ResponseCache(Clock& clock, Metrics& metrics);

  /// The kept answer, or null.
  Text find(std::string_view key);
  /// Keeps `body` for `keep`; returns it shared. `generation` is generation() of before its data
  /// was read: what was cleared meanwhile is not kept.
  Text keep(std::string_view key, std::string body, Milliseconds keep, std::uint64_t generation);
  std::uint64_t generation() const;
  /// Drops all: something that everybody sees has changed.
  void clear();

 private:
  struct Entry {
    Text body;
    SteadyTime until;
  };
  Clock& clock_;
  Gauge bytes_metric_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::size_t bytes_ = 0;
  std::uint64_t generation_ = 0;
};

}  // namespace shoal::api
