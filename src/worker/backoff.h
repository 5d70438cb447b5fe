#pragma once

#include <algorithm>

#include "base/clock.h"
#include "base/random.h"

namespace shoal::worker {

/// From half of a time to one and a half of it, so that many workers do not ask at once. Pure but
/// for the chance.
inline Milliseconds jittered(Milliseconds time, Random& random) {
  const auto whole = static_cast<std::uint64_t>(std::max<Milliseconds::rep>(1, time.count()));
  return Milliseconds(static_cast<Milliseconds::rep>(whole / 2 + random.below(whole)));
}

/// Pauses between tries that fail: each twice as long, 1 s to 30 s, with jitter. One thread.
class Backoff {
 public:
  explicit Backoff(Random& random) : random_(random) {}
  Milliseconds next() {
    const Milliseconds pause = jittered(pause_, random_);
    pause_ = std::min(pause_ * 2, k_longest);
    return pause;
  }
  void reset() { pause_ = k_first; }

 private:
  static constexpr Milliseconds k_first{1'000};
  static constexpr Milliseconds k_longest{30'000};
  Random& random_;
  Milliseconds pause_ = k_first;
};

}  // namespace shoal::worker
