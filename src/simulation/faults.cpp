#include "simulation/faults.h"

#include <utility>

#include "base/check.h"

namespace shoal::simulation {

Faults::Faults(Kernel& kernel, std::vector<NodeId> nodes, const FaultPlan& plan)
    : kernel_(kernel), nodes_(std::move(nodes)), plan_(plan), random_(kernel.random().next()) {
  SHOAL_CHECK(!nodes_.empty());
  plan_crash();
  plan_partition();
  plan_skew();
}

NodeId Faults::any() {
  return nodes_[random_.below(nodes_.size())];
}

void Faults::plan_crash() {
  if (plan_.crash_every.count() == 0) return;
  kernel_.after(exponential(random_, plan_.crash_every), [this] { crash_one(); });
}

void Faults::crash_one() {
  if (is_stopped_) return;
  const NodeId node = any();
  if (kernel_.is_up(node)) {
    ++done_.crashes;
    kernel_.crash(node);
    kernel_.after(between(random_, plan_.least_down, plan_.most_down),
                  [this, node] { kernel_.restart(node); });
  }
  plan_crash();
}

void Faults::plan_partition() {
  if (plan_.partition_every.count() == 0) return;
  kernel_.after(exponential(random_, plan_.partition_every), [this] { cut_some(); });
}

void Faults::cut_some() {
  if (is_stopped_) return;
  ++done_.partitions;
  // From one node alone to all but a few.
  const double share = uniform(random_);
  std::vector<NodeId> cut{any()};
  for (const NodeId node : nodes_) {
    if (chance(random_, share)) cut.push_back(node);
  }
  kernel_.isolate(cut);
  kernel_.after(between(random_, plan_.least_cut, plan_.most_cut), [this] {
    kernel_.heal();
    if (!is_stopped_) plan_partition();
  });
}

void Faults::plan_skew() {
  if (plan_.skew_every.count() == 0) return;
  kernel_.after(exponential(random_, plan_.skew_every), [this] { skew_one(); });
}

void Faults::skew_one() {
  if (is_stopped_) return;
  ++done_.skews;
  const auto most = static_cast<double>(plan_.most_offset.count());
  const double offset = (2 * uniform(random_) - 1) * most;
  const double drift = (2 * uniform(random_) - 1) * plan_.most_drift;
  kernel_.set_skew(any(), {Milliseconds(static_cast<std::int64_t>(offset)), drift});
  plan_skew();
}

void Faults::stop() {
  is_stopped_ = true;
  kernel_.heal();
  for (const NodeId node : nodes_) kernel_.restart(node);
}

}  // namespace shoal::simulation
