#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "scaling/nodes/node.h"

namespace shoal::scaling {

/// When a node takes no more work, and when its process ends: once load balancers had time to see
/// that it is not ready, and its jobs are done or have had their time. Pure but for what it
/// remembers. One thread.
class Drain {
 public:
  /// For load balancers.
  static constexpr Seconds k_notice{10};

  /// `limit` is the time that jobs have, from the beginning.
  explicit Drain(Milliseconds limit) : limit_(limit) {}

  struct Step {
    bool takes_work = true;
    bool ends = false;
  };
  /// What follows from what the administrator wants now.
  Step step(NodeState wanted, SteadyTime now, std::int64_t running_jobs) {
    if (wanted == NodeState::up) {
      since_.reset();
      return {};
    }
    if (!since_) since_ = now;
    const auto passed = now - *since_;
    return {.takes_work = false,
            .ends = passed >= k_notice && (running_jobs == 0 || passed >= limit_)};
  }

 private:
  Milliseconds limit_;
  std::optional<SteadyTime> since_;
};

}  // namespace shoal::scaling
