#pragma once

#include <array>
#include <optional>
#include <span>

#include "base/clock.h"

namespace shoal::scaling {

/// The load on average over some minutes that begin at `at`: seconds of work a second for workers,
/// capacities for delivery nodes.
struct LoadSample {
  UtcTime at{};
  double load = 0;
};

/// The daily rhythm of a load: for each quarter of an hour of the (UTC) day its median over the
/// last days, so that one day's crowd or outage is not expected every day. Value.
class Rhythm {
 public:
  static constexpr Seconds k_slot{900};
  static constexpr std::size_t k_slots = 96;
  static constexpr int k_most_days = 14;

  /// From samples in any order. Later ones than `now`, those older than `k_most_days`, and what is
  /// no load (negative, no number) are left out.
  static Rhythm learn(std::span<const LoadSample> history, UtcTime now);

  /// The usual load at that time of day; nothing where no day has a sample.
  std::optional<double> usual(UtcTime at) const;
  /// The usual one times how the last hour's samples compare with what was usual then: their
  /// median, within a third and three times.
  std::optional<double> forecast(std::span<const LoadSample> recent, UtcTime now, UtcTime at) const;

 private:
  std::array<std::optional<double>, k_slots> slots_;
};

}  // namespace shoal::scaling
