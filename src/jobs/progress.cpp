#include "jobs/progress.h"

#include <algorithm>

namespace shoal::jobs {

void Progress::set(JobId job, double percent) {
  const std::scoped_lock lock(mutex_);
  // Never backwards: retried pieces would make the bar jump.
  auto& current = percent_[job];
  current = std::max(current, std::clamp(percent, 0.0, 100.0));
}

std::optional<double> Progress::get(JobId job) const {
  const std::scoped_lock lock(mutex_);
  const auto found = percent_.find(job);
  if (found == percent_.end()) return std::nullopt;
  return found->second;
}

void Progress::remove(JobId job) {
  const std::scoped_lock lock(mutex_);
  percent_.erase(job);
}

}  // namespace shoal::jobs
