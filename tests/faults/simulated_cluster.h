#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scaling/nodes/duty_hold.h"
#include "scaling/nodes/node.h"
#include "simulation/kernel.h"
#include "tests/support/database_fixture.h"

namespace shoal::faults {

/// Nodes of a cluster in virtual time, with clocks minutes apart, around one database that is a
/// real SQLite with the production's statements. The loops around these are written again here, as
/// messages that may be lost: each node joins, beats, tries for the duties, and writes as long as
/// it believes that they are its own. A node that is told to stop starts again after some seconds.
class SimulatedCluster {
 public:
  /// One node for each name; those with one name have data folders of their own. `unshared` is what
  /// all of them say.
  SimulatedCluster(std::uint64_t seed, const std::vector<std::string>& names,
                   const std::string& unshared);

  simulation::Kernel& kernel() { return kernel_; }
  /// Without the database.
  const std::vector<simulation::NodeId>& nodes() const { return ids_; }
  /// As the database has it now.
  std::vector<scaling::Node> registry();
  /// Who believes that the duties are its own.
  std::vector<simulation::NodeId> believers() const;
  /// Who runs with a row that it has heard nothing bad of.
  std::vector<simulation::NodeId> members() const;
  std::uint64_t duties_done() const { return duties_done_; }
  /// What must never be and was, in words; looked for at every write and ten times a second.
  const std::vector<std::string>& violations() const { return violations_; }

 private:
  struct Member {
    simulation::NodeId id{};
    scaling::NodeProfile profile;
    std::optional<scaling::NodeKey> key{};
    scaling::DutyHold hold;
  };

  void start(Member& member);
  void join(Member& member);
  void beat(Member& member);
  void tend(Member& member);
  void work(Member& member);
  void check();
  /// Runs `ask` at the database, and `hear` with its answer at the member, unless one is lost.
  template <class Ask, class Hear>
  void call(Member& member, Ask ask, Hear hear);

  simulation::Kernel kernel_;
  simulation::NodeId database_node_;
  tests::TestDatabase database_;
  bool is_alone_;
  std::deque<Member> members_;
  std::vector<simulation::NodeId> ids_;
  std::int64_t last_fence_ = 0;  ///< of a write that was let through
  std::uint64_t duties_done_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace shoal::faults
