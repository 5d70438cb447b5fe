#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/config/config.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "db/database.h"
#include "db/lease.h"
#include "io/task_group.h"
#include "scaling/nodes/drain.h"
#include "scaling/nodes/duties.h"
#include "scaling/nodes/membership.h"

namespace shoal::app {

/// What a node tells the others of itself. `port` is what it listens on.
scaling::NodeProfile node_profile(const Config& config, std::string id, std::uint16_t port);

/// This server among those of its database: its row in the registry, its turns at what is done
/// once, and its draining. A SQLite file lies in the locked data folder, so there it is alone
/// without a registry, and every turn is its own. start() once; await stop() before destruction,
/// also without start(). The rest any thread.
class ClusterMember {
 public:
  struct Services {
    db::Database& database;
    const Clock& clock;
    Metrics& metrics;
    io::Executor executor;
  };
  /// Blocking. Errors: conflict, with what to do, when others do not let it in.
  static Result<std::unique_ptr<ClusterMember>> join(const Services& services,
                                                     const scaling::NodeProfile& profile,
                                                     Milliseconds drain_timeout);

  struct Hooks {
    std::function<scaling::NodeLoad()> load;
    /// After each heartbeat.
    std::function<void(bool)> set_draining;
    std::function<void(std::int64_t)> set_nodes;  ///< how many live
    /// Once: the process is to end, because it is drained or another took its place.
    std::function<void()> end;
  };
  void start(Hooks hooks);
  /// Gives the duties back and leaves the registry.
  io::Task<> stop();

  /// No other server works with the database.
  bool is_alone() const { return is_alone_; }
  /// Another took its place.
  bool was_lost() const { return was_lost_; }
  /// As scaling::Duties::turn().
  std::optional<db::Fence> turn() const;

 private:
  ClusterMember(const Services& services, Milliseconds drain_timeout);
  void attend(const scaling::Standing& standing);
  void end();

  const Clock& clock_;
  bool is_alone_ = true;
  std::atomic<bool> was_lost_ = false;
  // On the executor, from start() on.
  Hooks hooks_;
  scaling::Drain drain_;
  bool is_draining_ = false;
  bool is_ending_ = false;
  // Null with SQLite.
  std::unique_ptr<scaling::Duties> duties_;
  std::unique_ptr<scaling::Membership> membership_;
};

}  // namespace shoal::app
