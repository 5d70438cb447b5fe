#pragma once

#include <chrono>
#include <cstdint>

namespace shoal {

using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

/// UTC wall time in milliseconds since 1970, as every row stores it.
using UtcTime = std::chrono::sys_time<Milliseconds>;
/// Monotonic time, for deadlines and durations only.
using SteadyTime = std::chrono::steady_clock::time_point;

inline std::int64_t to_millis(UtcTime time) {
  return time.time_since_epoch().count();
}
inline UtcTime from_millis(std::int64_t millis) {
  return UtcTime{Milliseconds{millis}};
}

/// The seam to time. Any thread. Production has SystemClock; tests own a ManualClock.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual UtcTime now() const = 0;
  virtual SteadyTime steady_now() const = 0;
};

class SystemClock final : public Clock {
 public:
  UtcTime now() const override {
    return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
  }
  SteadyTime steady_now() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace shoal
