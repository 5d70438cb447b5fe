#pragma once

#include <algorithm>
#include <mutex>

#include "base/clock.h"

namespace shoal::blob::s3 {

/// A token bucket of one second's worth (RFC 2697's committed rate): who takes more than there is
/// waits until it would have been filled, behind those who took before. Any thread.
class RateLimit {
 public:
  /// Units a second; 0: no limit.
  explicit RateLimit(std::uint64_t rate) : rate_(rate) {}

  /// Takes `amount` and says how long to wait before it is used.
  Milliseconds take(std::uint64_t amount, SteadyTime now) {
    if (rate_ == 0) return Milliseconds{0};
    const std::scoped_lock lock(mutex_);
    // What was not used for more than a second is lost.
    free_at_ = std::max(free_at_, now - std::chrono::seconds(1));
    free_at_ += std::chrono::nanoseconds(
        static_cast<std::int64_t>(static_cast<double>(amount) / static_cast<double>(rate_) * 1e9));
    return std::max(Milliseconds{0}, std::chrono::ceil<Milliseconds>(free_at_ - now));
  }

 private:
  const std::uint64_t rate_;
  std::mutex mutex_;
  SteadyTime free_at_{};  ///< when all that was taken is paid for
};

}  // namespace shoal::blob::s3
