#pragma once

#include <atomic>

#include "base/clock.h"

namespace shoal::tests {

/// A clock that only moves when told to. Any thread.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(UtcTime start = UtcTime{Milliseconds{1'700'000'000'000}}) {
    millis_ = to_millis(start);
  }

  UtcTime now() const override { return from_millis(millis_); }
  SteadyTime steady_now() const override { return SteadyTime{Milliseconds{millis_.load()}}; }
  void advance(Milliseconds step) { millis_ += step.count(); }

 private:
  std::atomic<std::int64_t> millis_;
};

}  // namespace shoal::tests
