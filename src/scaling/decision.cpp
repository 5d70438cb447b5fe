#include "scaling/decision.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <tuple>

#include "scaling/measure.h"

namespace shoal::scaling {

namespace {

/// Of recommendations kept. In a window that has more of them, what is there held at its begin.
constexpr std::size_t k_most_recent = 4096;
/// Rounding must not ask for a node because a fraction cannot be written exactly.
constexpr double k_epsilon = 1e-6;

struct Bounds {
  std::uint32_t least = 0;
  std::uint32_t most = 0;
  bool is_budget = false;  ///< money is what bounds
};

Bounds bounds_of(const FleetPolicy& policy) {
  Bounds bounds{0, policy.maximum, false};
  const double cost = positive(policy.cost_per_hour);
  const double budget = positive(policy.budget_per_hour);
  if (cost > 0 && budget > 0 && budget / cost < policy.maximum) {
    bounds.most = static_cast<std::uint32_t>(budget / cost + k_epsilon);
    bounds.is_budget = true;
  }
  bounds.least = std::min(policy.minimum, bounds.most);
  return bounds;
}

/// Up to the next whole node, within the bounds.
std::uint32_t whole(double nodes, const Bounds& bounds) {
  const double capped = std::min(std::ceil(nodes - k_epsilon), static_cast<double>(bounds.most));
  return std::max(static_cast<std::uint32_t>(std::max(capped, 0.0)), bounds.least);
}

std::uint32_t count_active(std::span<const FleetNode> nodes) {
  return static_cast<std::uint32_t>(std::ranges::count_if(
      nodes, [](const FleetNode& node) { return node.state != FleetState::draining; }));
}

/// The number for now, without windows.
std::uint32_t recommend(double need, std::uint32_t active, const Bounds& bounds,
                        const FleetPolicy& policy, std::vector<std::string>& reasons) {
  const double reserve = need * positive(policy.reserve_share) + policy.reserve_nodes;
  const double nodes = need + reserve;
  if (reserve > 0)
    reasons.push_back(fmt::format("{:.1f} nodes more are the burst reserve", reserve));
  if (nodes > bounds.most + k_epsilon) {
    reasons.push_back(fmt::format("{:.1f} nodes are needed, and {} allows {}", nodes,
                                  bounds.is_budget ? "the budget" : "the maximum", bounds.most));
  } else if (nodes < bounds.least) {
    reasons.push_back(
        fmt::format("{:.1f} nodes are needed, and the minimum is {}", nodes, bounds.least));
  }
  const bool is_near = std::abs(nodes - active) <= positive(policy.tolerance) * active + k_epsilon;
  if (is_near && active >= bounds.least && active <= bounds.most) {
    if (whole(nodes, bounds) != active) {
      reasons.push_back(fmt::format("{:.1f} nodes are within {:.0f} % of the {} there are", nodes,
                                    100 * policy.tolerance, active));
    }
    return active;
  }
  return whole(nodes, bounds);
}

/// The least and the most that was recommended within a window that ends now.
struct Extremes {
  std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t most = 0;
};

Extremes extremes(std::span<const Recommendation> recent, UtcTime now, Seconds window,
                  std::uint32_t active) {
  Extremes found;
  const auto take = [&found](std::uint32_t nodes) {
    found.least = std::min(found.least, nodes);
    found.most = std::max(found.most, nodes);
  };
  take(recent.back().nodes);  // of now
  if (window.count() <= 0) return found;
  // What was recommended last before the window held when it began, however long before that was:
  // decisions may have paused. Where nobody knows, it was what is there: the safe assumption.
  std::uint32_t at_begin = active;
  for (const Recommendation& one : recent) {
    if (one.at <= now - window) {
      at_begin = one.nodes;
    } else {
      take(one.nodes);
    }
  }
  take(at_begin);
  return found;
}

std::vector<Recommendation> remember(std::span<const Recommendation> before, Recommendation latest,
                                     const FleetPolicy& policy) {
  const UtcTime begin = latest.at - std::max(policy.up_window, policy.down_window);
  std::vector<Recommendation> kept;
  for (const Recommendation& one : before) {
    if (one.at >= latest.at) continue;
    // Of those before the window, the last one held when it began.
    if (one.at <= begin) kept.clear();
    kept.push_back(one);
  }
  kept.push_back(latest);
  if (kept.size() > k_most_recent) kept.erase(kept.begin(), kept.end() - k_most_recent);
  return kept;
}

/// What the windows let through.
std::uint32_t stabilise(std::span<const Recommendation> recent, std::uint32_t active, UtcTime now,
                        const FleetPolicy& policy, std::vector<std::string>& reasons) {
  const std::uint32_t latest = recent.back().nodes;
  if (latest > active) {
    const std::uint32_t nodes =
        std::max(active, extremes(recent, now, policy.up_window, active).least);
    if (nodes < latest) {
      reasons.push_back(fmt::format("{} of the {} nodes wanted wait for the {} s window to grow",
                                    latest - nodes, latest, policy.up_window.count()));
    }
    return nodes;
  }
  const std::uint32_t nodes =
      std::min(active, extremes(recent, now, policy.down_window, active).most);
  if (nodes > latest) {
    reasons.push_back(fmt::format("{} nodes stay, as {} were wanted within the last {} s",
                                  nodes - latest, nodes, policy.down_window.count()));
  }
  return nodes;
}

std::vector<const FleetNode*> in_state(std::span<const FleetNode> nodes, bool is_draining) {
  std::vector<const FleetNode*> found;
  for (const FleetNode& node : nodes) {
    if ((node.state == FleetState::draining) == is_draining) found.push_back(&node);
  }
  return found;
}

void grow(Decision& decision, std::span<const FleetNode> nodes, std::uint32_t by) {
  auto draining = in_state(nodes, true);
  // Those that would stay longest anyway.
  std::ranges::sort(draining, {}, [](const FleetNode* node) {
    return std::tuple(-node->work_left, std::string_view(node->name));
  });
  const std::size_t back = std::min<std::size_t>(by, draining.size());
  for (std::size_t i = 0; i < back; ++i) decision.resume.push_back(draining[i]->name);
  decision.start = by - static_cast<std::uint32_t>(back);
}

void shrink(Decision& decision, std::span<const FleetNode> nodes, std::uint32_t by) {
  auto candidates = in_state(nodes, false);
  // Those without work first; of them, those that would still have to start, the latest first.
  const auto order = [](const FleetNode* node) {
    const bool is_starting = node->state == FleetState::starting;
    return std::tuple(static_cast<int>(node->state), is_starting ? -to_millis(node->since) : 0,
                      node->work_left, std::string_view(node->name));
  };
  std::ranges::sort(candidates, {}, order);
  for (std::size_t i = 0; i < by; ++i) decision.drain.push_back(candidates[i]->name);
}

}  // namespace

Decision decide(const FleetSnapshot& fleet, const Need& need, const FleetPolicy& policy) {
  Decision decision;
  decision.reasons = need.reasons;
  const Bounds bounds = bounds_of(policy);
  const std::uint32_t active = count_active(fleet.nodes);
  std::uint32_t latest = active;
  if (need.nodes && is_measure(*need.nodes)) {
    latest = recommend(*need.nodes, active, bounds, policy, decision.reasons);
  } else {
    decision.reasons.push_back("the load is not known: the fleet stays as it is");
  }
  decision.recent = remember(fleet.recent, {fleet.now, latest}, policy);
  decision.wanted = stabilise(decision.recent, active, fleet.now, policy, decision.reasons);
  // Bounds wait for no window: an administrator has just changed them, or nodes are gone.
  decision.wanted = std::clamp(decision.wanted, bounds.least, bounds.most);

  if (decision.wanted > active) grow(decision, fleet.nodes, decision.wanted - active);
  if (decision.wanted < active) shrink(decision, fleet.nodes, active - decision.wanted);
  const std::size_t total = fleet.nodes.size() + decision.start;
  decision.cost_per_hour = positive(policy.cost_per_hour) * static_cast<double>(total);
  decision.reasons.push_back(
      fmt::format("{} nodes take work and {} shall: {} start, {} resume, {} drain", active,
                  decision.wanted, decision.start, decision.resume.size(), decision.drain.size()));
  return decision;
}

}  // namespace shoal::scaling
