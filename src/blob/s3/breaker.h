#pragma once

#include <mutex>
#include <optional>

#include "base/clock.h"

namespace shoal::blob::s3 {

/// A circuit breaker (M. Nygard, "Release It!"): after several failures in a row nobody asks for a
/// while, then one asks alone, and its luck decides for all. So a store that is away costs its
/// users an answer at once instead of a timeout each. Any thread.
class Breaker {
 public:
  static constexpr unsigned k_failures = 5;
  static constexpr Milliseconds k_first_pause{1'000};
  static constexpr Milliseconds k_longest_pause{15'000};

  /// Whether to ask now. Who may must report the outcome.
  bool admit(SteadyTime now) {
    const std::scoped_lock lock(mutex_);
    if (!closed_until_) return true;
    if (now < *closed_until_) return false;
    // The one who asks; should it never report, the next one may after the same pause.
    closed_until_ = now + pause_;
    return true;
  }
  void succeeded() {
    const std::scoped_lock lock(mutex_);
    failures_ = 0;
    pause_ = k_first_pause;
    closed_until_.reset();
  }
  void failed(SteadyTime now) {
    const std::scoped_lock lock(mutex_);
    if (++failures_ < k_failures) return;
    if (failures_ > k_failures) pause_ = std::min(pause_ * 2, k_longest_pause);
    failures_ = k_failures;
    closed_until_ = now + pause_;
  }
  /// Nobody asks at the moment.
  bool is_open(SteadyTime now) const {
    const std::scoped_lock lock(mutex_);
    return closed_until_ && now < *closed_until_;
  }

 private:
  mutable std::mutex mutex_;
  unsigned failures_ = 0;
  Milliseconds pause_ = k_first_pause;
  std::optional<SteadyTime> closed_until_;
};

}  // namespace shoal::blob::s3
