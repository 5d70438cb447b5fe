#pragma once

#include <optional>
#include <utility>

#include "base/clock.h"
#include "db/lease.h"

namespace shoal::scaling {

/// What a node believes of a lease. It counts from before it asked, by its own steady clock, so it
/// stops believing before the database lets another have it. Plain value.
class DutyHold {
 public:
  explicit DutyHold(Milliseconds duration) : duration_(duration) {}

  /// The database granted or renewed it for `duration`.
  void granted(db::Lease lease, SteadyTime asked_at) {
    lease_ = std::move(lease);
    until_ = asked_at + duration_;
  }
  void lost() { lease_.reset(); }

  /// What to renew or give back: also one that may have expired, since nobody else may have come.
  const std::optional<db::Lease>& lease() const { return lease_; }
  bool is_held(SteadyTime now) const { return lease_ && now < until_; }

 private:
  Milliseconds duration_;
  std::optional<db::Lease> lease_;
  SteadyTime until_{};
};

}  // namespace shoal::scaling
