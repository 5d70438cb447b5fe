#include "api/instance/rate_sampler.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace shoal::api {

RateSampler::RateSampler(Clock& clock, Metrics& metrics)
    : clock_(clock), metrics_(metrics), last_(read()) {}

RateSampler::Totals RateSampler::read() const {
  Totals totals;
  totals.at = clock_.steady_now();
  totals.requests = metrics_.sum("shoal_http_requests_total");
  totals.bytes = metrics_.sum("shoal_http_sent_bytes_total");
  // proc(5): user nice system idle iowait irq softirq steal.
  std::ifstream stat("/proc/stat");
  std::string name;
  stat >> name;
  double ticks = 0;
  for (int column = 0; column < 8 && stat >> ticks; ++column) {
    totals.all_ticks += ticks;
    const bool idle = column == 3 || column == 4;
    if (!idle) totals.busy_ticks += ticks;
  }
  return totals;
}

RateSampler::Rates RateSampler::sample() {
  const std::scoped_lock lock(mutex_);
  const std::chrono::duration<double> elapsed = clock_.steady_now() - last_.at;
  if (elapsed < Seconds{1}) return rates_;
  const Totals now = read();
  rates_.requests_per_second = (now.requests - last_.requests) / elapsed.count();
  rates_.bytes_per_second = (now.bytes - last_.bytes) / elapsed.count();
  const double ticks = now.all_ticks - last_.all_ticks;
  rates_.cpu_percent =
      ticks > 0 ? std::clamp(100 * (now.busy_ticks - last_.busy_ticks) / ticks, 0.0, 100.0) : 0;
  last_ = now;
  return rates_;
}

}  // namespace shoal::api
