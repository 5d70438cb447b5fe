#pragma once

#include <cstdint>
#include <mutex>

#include "base/clock.h"
#include "base/metrics.h"

namespace shoal::api {

/// Turns counters into rates: what went on since the last time somebody asked, at least a second
/// ago (several watchers share one sample). Any thread.
class RateSampler {
 public:
  struct Rates {
    double requests_per_second = 0;
    double bytes_per_second = 0;
    double cpu_percent = 0;  ///< of the whole machine
  };

  RateSampler(Clock& clock, Metrics& metrics);
  Rates sample();

 private:
  struct Totals {
    SteadyTime at{};
    double requests = 0;
    double bytes = 0;
    double busy_ticks = 0;
    double all_ticks = 0;
  };
  Totals read() const;

  Clock& clock_;
  Metrics& metrics_;
  std::mutex mutex_;
  Totals last_;
  Rates rates_;
};

}  // namespace shoal::api
