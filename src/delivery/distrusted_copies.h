#pragma once

#include <algorithm>
#include <list>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "delivery/media_index.h"

namespace shoal::delivery {

/// Copies that gave other bytes than were recorded: taken last for a while, until somebody has
/// repaired them. Bounded, oldest first out. Any thread.
class DistrustedCopies {
 public:
  static constexpr std::chrono::minutes k_keep{10};
  static constexpr std::size_t k_limit = 256;

  explicit DistrustedCopies(const Clock& clock) : clock_(clock) {}

  bool contains(const Copy& copy) {
    const SteadyTime now = clock_.steady_now();
    const std::scoped_lock lock(mutex_);
    std::erase_if(copies_, [now](const auto& entry) { return entry.second <= now; });
    return std::ranges::any_of(copies_, [&copy](const auto& entry) { return entry.first == copy; });
  }

  void add(const Copy& copy) {
    const SteadyTime until = clock_.steady_now() + k_keep;
    const std::scoped_lock lock(mutex_);
    std::erase_if(copies_, [&copy](const auto& entry) { return entry.first == copy; });
    copies_.emplace_back(copy, until);
    if (copies_.size() > k_limit) copies_.pop_front();
  }

 private:
  const Clock& clock_;
  std::mutex mutex_;
  std::list<std::pair<Copy, SteadyTime>> copies_;
};

}  // namespace shoal::delivery
