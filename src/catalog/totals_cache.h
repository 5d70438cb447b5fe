#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/metrics.h"

namespace shoal::catalog {

/// Totals of public lists by their filter: counting costs a hundred times the page. A total is at
/// most k_keep old. Lists of one's own and of administrators are counted exactly, not here.
/// Any thread.
///
///     const auto key = filter.key();
///     auto total = totals.find(key);
///     … in the transaction: if (!total) total = count_videos(session, filter);
///     totals.keep(key, *total);
class TotalsCache {
 public:
  static constexpr Milliseconds k_keep{10'000};
  static constexpr std::size_t k_limit = 10'000;

  TotalsCache(Clock& clock, Metrics& metrics);

  std::optional<std::int64_t> find(std::string_view key);
  void keep(std::string_view key, std::int64_t total);
  /// After a change that its author must see in the total at once.
  void clear();

 private:
  struct Entry {
    std::int64_t total = 0;
    SteadyTime until;
  };
  Clock& clock_;
  Gauge entries_metric_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace shoal::catalog
