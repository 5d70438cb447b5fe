#pragma once

#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/ids.h"

namespace shoal::jobs {

/// How far the jobs of this process are, in percent of media time. In memory only: a database write
/// per percent is a load that nobody reads after a restart. Any thread.
class Progress {
 public:
  void set(JobId job, double percent);
  std::optional<double> get(JobId job) const;
  void remove(JobId job);

 private:
  mutable std::mutex mutex_;
  std::unordered_map<JobId, double> percent_;
};

}  // namespace shoal::jobs
