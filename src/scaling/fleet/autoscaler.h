#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "db/database.h"
#include "db/lease.h"
#include "io/task_group.h"
#include "scaling/decision.h"
#include "scaling/fleet/backlog.h"
#include "scaling/fleet/decision_rows.h"
#include "scaling/fleet/scale_driver.h"
#include "scaling/load.h"

namespace shoal::scaling {

struct AutoscalerConfig {
  std::string driver = "process";  ///< its name, for who reads the decisions
  std::string job_kind;            ///< what workers do
  FleetPolicy fleet;
  WorkerPolicy workers;
  double worker_concurrency = 1;  ///< jobs that one worker does at once
  Milliseconds interval{15'000};
  bool dry_run = false;
};

/// Keeps as many workers as the queue wants, on the node that does the cluster's duties: measures,
/// decides, has the driver do it, and writes down what was decided and why. One executor. start()
/// once; await stop() before destruction, also without start().
class Autoscaler {
 public:
  struct Services {
    db::Database& database;
    const Clock& clock;
    Metrics& metrics;
    ScaleDriver& driver;
    /// As Duties::turn().
    std::function<std::optional<db::Fence>()> turn;
  };
  Autoscaler(AutoscalerConfig config, const Services& services, io::Executor executor);

  void start();
  /// Ends what cannot live without this process.
  io::Task<> stop();

  /// One decision, if it is this node's turn. Errors: those of the database, and conflict where the
  /// turn ended meanwhile. What the driver cannot do is no error here: it is written down.
  io::Task<Result<>> step();

 private:
  struct Measures {
    Backlog backlog;
    std::vector<LoadSample> history;
  };
  io::Task<> repeat();
  io::Task<> rest();
  io::Task<Result<Measures>> measure();
  io::Task<Result<DecisionRecord>> act(const Measures& measures, UtcTime now);
  Need need_for(const Measures& measures, std::span<const FleetNode> nodes, UtcTime now) const;
  void show(const DecisionRecord& decision) const;

  const AutoscalerConfig config_;
  const Services services_;
  const Gauge wanted_;
  const Gauge workers_;
  const Gauge busy_;
  const Gauge queued_jobs_;
  const Gauge queued_media_;
  const Gauge queued_seconds_;
  const Gauge oldest_wait_;
  const Gauge media_speed_;
  const Counter failures_;
  bool has_turn_ = false;
  std::vector<Recommendation> recent_;
  UtcTime grown_at_{};
  std::uint32_t last_count_ = 0;  ///< of workers, when the driver said so last
  io::TaskGroup tasks_;
};

}  // namespace shoal::scaling
