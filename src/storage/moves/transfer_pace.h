#pragma once

#include <cstdint>

#include "base/clock.h"

namespace shoal::storage {

/// Spreads transfers over time: each booking may begin when the ones before it have had their time.
/// Pure; one thread at a time.
class TransferPace {
 public:
  /// How long to wait before so many bytes are sent; nothing at a rate of 0.
  Milliseconds book(std::uint64_t bytes, std::uint64_t bytes_per_second, SteadyTime now) {
    if (bytes_per_second == 0) return Milliseconds{0};
    const SteadyTime begin = free_at_ > now ? free_at_ : now;
    const double seconds = static_cast<double>(bytes) / static_cast<double>(bytes_per_second);
    free_at_ = begin + std::chrono::duration_cast<SteadyTime::duration>(
                           std::chrono::duration<double>(seconds));
    return std::chrono::ceil<Milliseconds>(begin - now);
  }
  bool is_idle(SteadyTime now) const { return free_at_ <= now; }

 private:
  SteadyTime free_at_{};
};

}  // namespace shoal::storage
