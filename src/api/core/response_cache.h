#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/metrics.h"

namespace shoal::api {

/// Rendered answers that are the same for everybody, for as long as each may be stale. Bounded by
/// entries and bytes; what was asked for least lately makes room. What one caller may see and
/// another may not never goes in. Any thread.
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
    std::string key;
    Text body;
    SteadyTime until;
    std::size_t size() const { return key.size() + body->size(); }
  };
  using Order = std::list<Entry>;  // asked for lately first
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  void drop(Order::iterator entry);

  Clock& clock_;
  Gauge bytes_metric_;
  mutable std::mutex mutex_;
  Order order_;
  /// The keys are those of the entries.
  std::unordered_map<std::string_view, Order::iterator, KeyHash, std::equal_to<>> index_;
  std::size_t bytes_ = 0;
  std::uint64_t generation_ = 0;
};

}  // namespace shoal::api
