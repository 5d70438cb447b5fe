#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace shoal::scaling {

/// How often a node writes that it lives.
inline constexpr Milliseconds k_beat_every{2000};
/// One that was silent for longer counts as dead: its name is free, and its duties are others'.
inline constexpr Milliseconds k_alive_for{6000};

/// A draining node takes no new work and leaves when it has done what it has.
enum class NodeState : int { up = 1, draining = 2 };
std::string_view to_string(NodeState state);

/// What a node says of itself when it joins.
struct NodeProfile {
  std::string id;    ///< of its data folder: a restart has the same
  std::string name;  ///< what administrators call it; no two that live have the same
  std::string roles;
  std::string region;
  std::string labels;   ///< words with spaces between
  std::string address;  ///< for calls between nodes; empty: none
  std::string version;
  std::int64_t schema_version = 0;
  std::int64_t cores = 0;
  /// Why no other node may serve the same database: keys of the configuration, separated by ", ".
  /// Empty: whatever it keeps, all nodes reach.
  std::string unshared;
};

struct NodeLoad {
  std::int64_t running_jobs = 0;
  double requests_per_second = 0;
  double bytes_per_second = 0;  ///< sent
};

/// A row of the registry, as it is read at one instant of the database's clock.
struct Node {
  NodeProfile profile;
  NodeState state = NodeState::up;
  NodeLoad load;
  UtcTime started_at{};
  UtcTime heartbeat_at{};
  Milliseconds silent_for{0};
  bool has_duties = false;  ///< it does what the cluster does once (Duties)

  bool is_alive() const { return silent_for <= k_alive_for; }
};

/// What a living node is told with each heartbeat.
struct Standing {
  NodeState wanted = NodeState::up;  ///< by the administrator
  std::int64_t nodes = 1;            ///< that live, this one among them
};

/// Which start of a node: a later one of the same node has a higher fence.
struct NodeKey {
  std::string id;
  std::int64_t fence = 0;
};

}  // namespace shoal::scaling
