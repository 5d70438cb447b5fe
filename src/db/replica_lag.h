#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/clock.h"

namespace shoal::db {

/// How long ago a replica's state was the primary's, by where both were in the write-ahead log at
/// times that one clock told. A position is in bytes and only grows. One thread.
class ReplicaLag {
 public:
  /// More looks are not kept: what is further behind than the oldest counts as that old.
  static constexpr std::size_t k_most_looks = 1024;

  /// The primary was there then.
  void note_primary(std::int64_t position, SteadyTime at) {
    if (!looks_.empty() && position <= looks_.back().position) return;
    looks_.push_back({position, at});
    if (looks_.size() > k_most_looks) looks_.pop_front();
  }

  /// Zero for one that has all that is known of; nothing before anything is.
  std::optional<Milliseconds> lag(std::int64_t replayed, SteadyTime now) {
    if (looks_.empty()) return std::nullopt;
    while (looks_.size() > 1 && looks_.front().position <= replayed) looks_.pop_front();
    const Look& first = looks_.front();
    if (first.position <= replayed) return Milliseconds{0};
    return std::chrono::ceil<Milliseconds>(now - first.at);
  }

 private:
  struct Look {
    std::int64_t position = 0;
    SteadyTime at;
  };
  std::deque<Look> looks_;
};

}  // namespace shoal::db
