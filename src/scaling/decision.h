#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"

namespace shoal::scaling {

enum class FleetState {
  starting,  ///< asked for, and not at work yet
  idle,
  busy,
  draining,  ///< takes nothing new and goes when what it has begun is done
};

struct FleetNode {
  std::string name{};
  FleetState state = FleetState::idle;
  UtcTime since{};       ///< when it was asked for
  Seconds work_left{0};  ///< of what it has begun: estimated
};

/// How many nodes the load wants, before bounds and windows; a fraction, because rounding comes
/// last. `reasons` are sentences for the administrator.
struct Need {
  /// Nothing (or no number): the load is not known, and the fleet stays as it is.
  std::optional<double> nodes{};
  std::vector<std::string> reasons{};
};

/// What an administrator sets for a fleet of one kind. Value.
struct FleetPolicy {
  std::uint32_t minimum = 1;  ///< at most `maximum`, which wins
  std::uint32_t maximum = 10;
  /// As a share of the fleet: a need this near to it changes nothing.
  double tolerance = 0.1;
  /// More (fewer) nodes must have been wanted for so long before the fleet grows (shrinks).
  Seconds up_window{0};
  Seconds down_window{120};
  /// Nodes beyond the need, for a burst: a share of it, and a number.
  double reserve_share = 0;
  std::uint32_t reserve_nodes = 0;
  /// Of one node, in the administrator's currency; and what the fleet may cost. 0: not bounded.
  double cost_per_hour = 0;
  double budget_per_hour = 0;
};

/// What a decision would have been without windows. The next ones look back at it.
struct Recommendation {
  UtcTime at{};
  std::uint32_t nodes = 0;
};

/// All that a decision knows. `recent` is `Decision::recent` of the one before; empty after a
/// start, which delays by a window what has one.
struct FleetSnapshot {
  UtcTime now{};
  std::span<const FleetNode> nodes{};
  std::span<const Recommendation> recent{};
};

/// What is to be done. Nodes are told to drain, never killed: an idle one goes at once, a busy one
/// when its work is done, also when it became busy since the snapshot.
struct Decision {
  std::uint32_t wanted = 0;         ///< nodes that take work, when all is done
  std::uint32_t start = 0;          ///< new ones
  std::vector<std::string> resume;  ///< draining ones that take work again: there at once
  std::vector<std::string> drain;   ///< starting and idle ones first, then those soonest done
  double cost_per_hour = 0;         ///< of all nodes then, those that still drain too
  std::vector<std::string> reasons;
  std::vector<Recommendation> recent;  ///< to be kept for the next; bounded
};

/// Decides. Pure. The clock may go backwards: what was recommended later than now is forgotten.
Decision decide(const FleetSnapshot& fleet, const Need& need, const FleetPolicy& policy);

}  // namespace shoal::scaling
