#include "bench/autoscaler/hpa.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace shoal::bench {

namespace {

constexpr double k_tolerance = 0.1;
constexpr Seconds k_down_window{300};
constexpr std::uint32_t k_pods_up = 4;
/// In periods. A shorter time sees a crowd sooner and follows every chance: with 15 s the time over
/// the target is less than half, for a third more node-hours.
constexpr std::size_t k_minute = 4;
constexpr double k_use = 0.8;

std::uint32_t desired(std::uint32_t current, const HpaMetric& metric) {
  const double ratio = metric.total / (metric.target * current);
  if (current > 0 && std::abs(1 - ratio) <= k_tolerance) return current;
  return static_cast<std::uint32_t>(std::ceil(metric.total / metric.target));
}

}  // namespace

std::uint32_t Hpa::decide(UtcTime now, std::uint32_t current, std::span<const HpaMetric> metrics) {
  if (past_.empty()) past_.push_back({now, current});
  std::uint32_t most = 0;
  for (const HpaMetric& metric : metrics) most = std::max(most, desired(current, metric));
  std::erase_if(past_, [now](const Past& past) { return past.at <= now - k_down_window; });
  past_.push_back({now, most});
  std::uint32_t wanted = most;
  if (most < current) {
    const auto highest = std::ranges::max(past_, {}, &Past::replicas).replicas;
    wanted = std::min(current, highest);
  }
  // Both policies have a period of 15 s, as long as that of asking: nothing was added within it.
  wanted = std::min(wanted, std::max(current + k_pods_up, 2 * current));
  return std::clamp(wanted, minimum_, maximum_);
}

std::vector<HpaMetric> HpaScaler::measure(const Farm& farm,
                                          std::span<const scaling::FleetNode> nodes) const {
  const auto target = static_cast<double>(k_target_wait.count());
  switch (kind_) {
    case HpaKind::begun:
      return {{farm.queued_seconds() + farm.begun_seconds(), target}};
    case HpaKind::rate: {
      const auto arrived = farm.arrived(0, k_minute);
      const double rate = arrived.work_seconds / static_cast<double>(arrived.time.count());
      const double throughput = farm.throughput();
      return {{farm.queued_seconds(), target}, {rate, throughput > 0 ? throughput : 1}};
    }
    case HpaKind::use: {
      const auto busy =
          std::ranges::count(nodes, scaling::FleetState::busy, &scaling::FleetNode::state);
      return {{farm.queued_seconds(), target}, {static_cast<double>(busy), k_use}};
    }
  }
  return {};
}

void HpaScaler::look(Farm& farm) {
  auto nodes = farm.nodes();
  // Pods that terminate no longer count.
  std::erase_if(nodes,
                [](const auto& node) { return node.state == scaling::FleetState::draining; });
  const auto current = static_cast<std::uint32_t>(nodes.size());
  const std::uint32_t wanted = hpa_.decide(farm.clock().now(), current, measure(farm, nodes));
  if (wanted > current) farm.start(wanted - current);
  std::ranges::sort(nodes, {}, [](const scaling::FleetNode& node) {
    return std::tuple(node.state != scaling::FleetState::starting, -to_millis(node.since));
  });
  for (std::uint32_t i = wanted; i < current; ++i) farm.terminate(nodes[i - wanted].name);
}

}  // namespace shoal::bench
