#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"

namespace shoal::api {

/// Requests to each store, from the counters of /metrics: since the program's start, and a second
/// since the oldest look of the last minute (a page that is open looks every few seconds). Any
/// thread.
class StoreRates {
 public:
  struct Figures {
    double requests = 0;
    double errors = 0;  ///< what a store answers with that is none of its ordinary answers
    double requests_per_second = 0;
    double errors_per_second = 0;
  };

  StoreRates(const Clock& clock, const Metrics& metrics) : clock_(clock), metrics_(metrics) {}
  /// By store; without those that were never asked.
  std::map<std::string, Figures> sample();

 private:
  struct Totals {
    double requests = 0;
    double errors = 0;
  };
  struct Look {
    SteadyTime at;
    std::map<std::string, Totals> stores;
  };
  Look look() const;

  const Clock& clock_;
  const Metrics& metrics_;
  std::mutex mutex_;
  std::deque<Look> looks_;  ///< under mutex_; a second apart, the oldest first
};

}  // namespace shoal::api
