#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/clock.h"
#include "base/units.h"
#include "scaling/decision.h"

namespace shoal::scaling {

/// Work that came within a time. Work is measured in seconds: what one node takes for it,
/// estimated when the job is queued.
struct Arrivals {
  Seconds time{0};
  double work_seconds = 0;
  std::uint64_t jobs = 0;
};

struct WorkerLoad {
  double queued_seconds = 0;  ///< of jobs that wait
  Arrivals latest{};          ///< a short time, between two decisions: there a crowd shows
  Arrivals before{};          ///< as long a time before that
  Arrivals lately{};          ///< a longer one, some 15 min, for the level
  /// Seconds of work a second that others than these nodes do.
  double helped = 0;
  /// Seconds of estimated work that a busy node does in a second; 0: none was finished yet.
  double throughput = 0;
  /// Seconds of work a second that are expected when a node started now is at work
  /// (scaling/rhythm.h).
  std::optional<double> expected{};
};

struct WorkerPolicy {
  /// How long a job may wait before a node takes it.
  Seconds target_wait{120};
  /// So many standard errors of the work that will come are provided for.
  double caution = 3;
  /// From asking for a node until it works, as measured, and the time between two decisions.
  Seconds start_time{105};
};

/// Nodes that work off, within the target wait, the queue as it will be when a node started now is
/// at work: what waits now, and comes until then, less what the fleet and others do until then, and
/// a provision for chance. Work comes at the expected rate (or, without one, at that of `lately`)
/// unless more or fewer jobs than chance explains came in the latest times; then at theirs. A load
/// that is no number is not known. Pure.
Need needed_workers(const WorkerLoad& load, std::span<const FleetNode> nodes, UtcTime now,
                    const WorkerPolicy& policy);

struct DeliveryLoad {
  double requests_per_second = 0;
  BitsPerSecond egress{};
  /// Capacities (`delivery_capacities`) that are expected when a node started now is at work.
  std::optional<double> expected{};
};

/// What one delivery node can do; 0: this is not what bounds it.
struct DeliveryPolicy {
  double requests_per_second = 0;
  BitsPerSecond egress{};
  /// The share of it that is to be used.
  double utilisation = 0.7;
};

/// The load as a number of nodes that it would use fully, by what is scarcer. Nothing without a
/// capacity, or when the load is no number. Pure.
std::optional<double> delivery_capacities(const DeliveryLoad& load, const DeliveryPolicy& policy);
/// Nodes for the larger of what is and what is expected: viewers do not wait in a queue. Pure.
Need needed_delivery(const DeliveryLoad& load, const DeliveryPolicy& policy);

}  // namespace shoal::scaling
