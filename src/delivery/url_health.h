#pragma once

#include "base/clock.h"

namespace shoal::delivery {

/// Whether a base URL is used, as its checks came out. Not healthy until the first has succeeded:
/// nobody is sent where nobody has looked. A decision, without I/O. One thread.
class UrlHealth {
 public:
  static constexpr Milliseconds k_when_healthy{5'000};
  static constexpr Milliseconds k_when_in_doubt{2'000};
  /// In a row, to leave it out and to bring it back.
  static constexpr int k_failures = 2;
  static constexpr int k_successes = 2;

  explicit UrlHealth(SteadyTime now) : next_check_(now) {}

  bool is_healthy() const { return is_healthy_; }
  SteadyTime next_check() const { return next_check_; }

  /// A check ended at `now`.
  void record(bool is_alive, SteadyTime now) {
    in_a_row_ = is_alive == last_ ? in_a_row_ + 1 : 1;
    last_ = is_alive;
    const bool is_first = !was_checked_;
    was_checked_ = true;
    if (is_healthy_ && !is_alive && in_a_row_ >= k_failures) {
      is_healthy_ = false;
    } else if (!is_healthy_ && is_alive && (is_first || in_a_row_ >= k_successes)) {
      is_healthy_ = true;
    }
    next_check_ = now + (is_healthy_ && is_alive ? k_when_healthy : k_when_in_doubt);
  }

 private:
  bool is_healthy_ = false;
  bool was_checked_ = false;
  bool last_ = false;
  int in_a_row_ = 0;
  SteadyTime next_check_;
};

}  // namespace shoal::delivery
