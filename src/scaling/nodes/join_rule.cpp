#include "scaling/nodes/join_rule.h"

#include <fmt/format.h>

namespace shoal::scaling {
namespace {

/// When a killed node counts as dead.
std::int64_t seconds_left(const Node& other) {
  return std::chrono::ceil<Seconds>(k_alive_for - other.silent_for + Milliseconds{1}).count();
}

std::string name_is_taken(const Node& other) {
  return fmt::format(
      "another node is called {} and lives (its data folder is {}). Give this one a "
      "cluster.node.name "
      "of its own. If the other one was killed or its machine is gone, this one may start in {} s.",
      other.profile.name, other.profile.id, seconds_left(other));
}

std::string must_be_alone(const NodeProfile& who, const Node& other) {
  const bool mine = !who.unshared.empty();
  return fmt::format(
      "another Shoal works with this database (node {}), and {} keeps what no other machine "
      "reaches: "
      "{}. Change these keys to stores that all nodes reach, stop the other one, or give this one "
      "a "
      "database of its own. If the other one was killed or its machine is gone, this one may start "
      "in {} s.",
      other.profile.name, mine ? "this one" : "that one",
      mine ? who.unshared : other.profile.unshared, seconds_left(other));
}

}  // namespace

Result<std::vector<std::string>> decide_join(const NodeProfile& who,
                                             const std::vector<Node>& registered) {
  std::vector<std::string> gone;
  gone.reserve(registered.size());
  for (const Node& other : registered) {
    const bool same_folder = other.profile.id == who.id;
    const bool excludes = !who.unshared.empty() || !other.profile.unshared.empty();
    if (!same_folder && !excludes && other.profile.name != who.name) continue;
    if (!same_folder && other.is_alive())
      return fail(ErrorCode::conflict, excludes ? must_be_alone(who, other) : name_is_taken(other));
    gone.push_back(other.profile.id);
  }
  return gone;
}

}  // namespace shoal::scaling
