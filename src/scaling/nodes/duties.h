#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "db/database.h"
#include "db/lease.h"
#include "io/task_group.h"
#include "scaling/nodes/duty_hold.h"
#include "scaling/nodes/node.h"

namespace shoal::scaling {

/// What a cluster does once, whoever does it (publishing what was scheduled, the trash, pruning),
/// is done by the node that holds one lease. Each node tries for it while it is free; within
/// k_duration and k_beat_every after a kill another has it, and at once after a clean stop. Any
/// thread; start() once; await stop() before destruction, also without start().
class Duties {
 public:
  static constexpr std::string_view k_lease = "duties";
  static constexpr Milliseconds k_duration = k_alive_for;

  /// `owner` is the id of the node.
  Duties(db::Database& database, std::string owner, const Clock& clock, Metrics& metrics,
         io::Executor executor);

  void start();
  /// Gives it back.
  io::Task<> stop();
  /// A draining node gives it back and tries no more.
  void set_wanted(bool wanted);

  /// It is this node's turn: what each transaction that acts on a duty begins with. Nothing while
  /// it is another's.
  std::optional<db::Fence> turn() const;

  /// Takes the lease for `owner` where no other has it, with a new fence. In the caller's
  /// transaction.
  static std::optional<db::Lease> take(db::Session& session, std::string_view owner);

  /// One look at the lease: takes it where it is free, renews it, gives it back.
  io::Task<> tend();

 private:
  io::Task<> keep();
  io::Task<> acquire(SteadyTime asked_at);
  io::Task<> renew(db::Lease lease, SteadyTime asked_at);
  io::Task<> release(db::Lease lease);

  db::Database& database_;
  const std::string owner_;
  const Clock& clock_;
  const Gauge held_metric_;
  std::atomic<bool> is_wanted_{true};
  std::atomic<bool> is_stopping_{false};
  mutable std::mutex mutex_;
  DutyHold hold_{k_duration};  ///< under mutex_
  io::TaskGroup tasks_;
};

}  // namespace shoal::scaling
