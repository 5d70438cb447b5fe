#include "tests/faults/simulated_cluster.h"

#include <fmt/format.h>

#include <algorithm>

#include "db/lease.h"
#include "scaling/nodes/duties.h"
#include "scaling/nodes/node_rows.h"

namespace shoal::faults {
namespace {

using scaling::Duties;
using simulation::Microseconds;
using simulation::NodeId;
using std::chrono::milliseconds;

constexpr milliseconds k_restart_after{5'000};
constexpr milliseconds k_work_every{500};
constexpr milliseconds k_check_every{100};

/// What the database says the time is: its node's clock, which the kernel keeps.
std::shared_ptr<const Clock> borrowed(const Clock& clock) {
  return {std::shared_ptr<void>(), &clock};
}

}  // namespace

SimulatedCluster::SimulatedCluster(std::uint64_t seed, const std::vector<std::string>& names,
                                   const std::string& unshared)
    : kernel_(seed),
      database_node_(kernel_.add_node("database")),
      database_(db::Engine::sqlite, borrowed(kernel_.clock(database_node_))),
      is_alone_(!unshared.empty()) {
  kernel_.set_default_link({.latency = milliseconds(2), .jitter = milliseconds(40), .loss = 0.01});
  for (std::size_t i = 0; i < names.size(); ++i) {
    Member& member =
        members_.emplace_back(Member{.profile = {}, .hold = scaling::DutyHold(Duties::k_duration)});
    member.profile.id = fmt::format("folder-{}", i);
    member.profile.name = names[i];
    member.profile.unshared = unshared;
    // Five minutes behind, right, five minutes ahead, …
    const auto offset = std::chrono::minutes{5} * (static_cast<int>(i % 3) - 1);
    member.id = kernel_.add_node(names[i], [this, &member] { start(member); },
                                 {.offset = offset, .drift = 0});
    ids_.push_back(member.id);
  }
  check();
}

template <class Ask, class Hear>
void SimulatedCluster::call(Member& member, Ask ask, Hear hear) {
  kernel_.send(member.id, database_node_, [this, &member, ask, hear] {
    auto answer = database_->write_blocking([&](db::Session& session) { return ask(session); });
    kernel_.send(database_node_, member.id, [answer, hear] { hear(answer); });
  });
}

void SimulatedCluster::start(Member& member) {
  member.key.reset();
  member.hold.lost();
  join(member);
}

void SimulatedCluster::join(Member& member) {
  if (member.key) return;
  call(
      member, [profile = member.profile](db::Session& s) { return scaling::join(s, profile); },
      [this, &member](const Result<scaling::NodeKey>& key) {
        // The answer to an earlier question may come late: its row is not ours any more, and the
        // next heartbeat says so.
        if (!key || member.key) return;
        member.key = *key;
        beat(member);
        tend(member);
        work(member);
      });
  kernel_.after(member.id, k_restart_after, [this, &member] { join(member); });
}

void SimulatedCluster::beat(Member& member) {
  call(
      member, [key = *member.key](db::Session& s) { return scaling::beat(s, key, {}); },
      [this, &member](const Result<scaling::Standing>& standing) {
        if (standing || standing.error().code != ErrorCode::conflict) return;
        kernel_.crash(member.id);
        kernel_.after(k_restart_after, [this, &member] { kernel_.restart(member.id); });
      });
  kernel_.after(member.id, scaling::k_beat_every, [this, &member] { beat(member); });
}

void SimulatedCluster::tend(Member& member) {
  const SteadyTime asked_at = kernel_.clock(member.id).steady_now();
  if (member.hold.lease()) {
    call(
        member,
        [lease = *member.hold.lease()](db::Session& s) -> Result<db::Lease> {
          TRY_VOID(db::renew_lease(s, lease, Duties::k_duration));
          return lease;
        },
        [&member, asked_at](const Result<db::Lease>& lease) {
          if (lease) member.hold.granted(*lease, asked_at);
          if (!lease && lease.error().code == ErrorCode::conflict) member.hold.lost();
        });
  } else {
    call(
        member,
        [id = member.profile.id](db::Session& s) -> Result<std::optional<db::Lease>> {
          return Duties::take(s, id);
        },
        [&member, asked_at](const Result<std::optional<db::Lease>>& lease) {
          if (lease && *lease) member.hold.granted(**lease, asked_at);
        });
  }
  kernel_.after(member.id, scaling::k_beat_every, [this, &member] { tend(member); });
}

void SimulatedCluster::work(Member& member) {
  if (member.hold.is_held(kernel_.clock(member.id).steady_now())) {
    call(
        member,
        [this, lease = *member.hold.lease()](db::Session& s) -> Result<> {
          TRY_VOID(db::check_lease(s, lease));
          ++duties_done_;
          if (lease.fence < last_fence_)
            violations_.push_back(
                fmt::format("a write of fence {} after one of fence {}", lease.fence, last_fence_));
          last_fence_ = lease.fence;
          return {};
        },
        [](const Result<>&) {});
  }
  kernel_.after(member.id, k_work_every, [this, &member] { work(member); });
}

std::vector<scaling::Node> SimulatedCluster::registry() {
  return *database_->read_blocking([](db::Session& session) -> Result<std::vector<scaling::Node>> {
    return scaling::list_nodes(session);
  });
}

std::vector<NodeId> SimulatedCluster::believers() const {
  std::vector<NodeId> out;
  for (const Member& member : members_)
    if (kernel_.is_up(member.id) && member.hold.is_held(kernel_.clock(member.id).steady_now()))
      out.push_back(member.id);
  return out;
}

std::vector<NodeId> SimulatedCluster::members() const {
  std::vector<NodeId> out;
  for (const Member& member : members_)
    if (kernel_.is_up(member.id) && member.key) out.push_back(member.id);
  return out;
}

void SimulatedCluster::check() {
  if (believers().size() > 1) violations_.emplace_back("two nodes believe to have the duties");
  if (is_alone_) {
    const auto nodes = registry();
    if (std::ranges::count_if(nodes, &scaling::Node::is_alive) > 1)
      violations_.emplace_back("two nodes that may not be beside each other live");
  }
  kernel_.after(k_check_every, [this] { check(); });
}

}  // namespace shoal::faults
