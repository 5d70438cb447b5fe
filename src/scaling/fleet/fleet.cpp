#include "scaling/fleet/fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <tuple>

namespace shoal::scaling {
namespace {

/// Registering is no word of a worker that works: one that is made here is registered before it is
/// started.
bool has_spoken(const SeenWorker& worker) {
  return worker.running_jobs > 0 || worker.last_contact > worker.registered_at;
}

FleetNode to_node(const SeenWorker& worker, UtcTime since) {
  FleetNode node{.name = worker.name, .since = since, .work_left = worker.work_left};
  if (worker.running_jobs > 0) {
    node.state = FleetState::busy;
  } else {
    node.state = has_spoken(worker) ? FleetState::idle : FleetState::starting;
  }
  return node;
}

std::vector<FleetNode> by_name(const std::vector<KnownWorker>& known,
                               std::span<const SeenWorker> workers) {
  std::vector<FleetNode> nodes;
  nodes.reserve(known.size());
  for (const KnownWorker& one : known) {
    const auto seen = std::ranges::find(workers, one.name, &SeenWorker::name);
    if (seen == workers.end()) {
      nodes.push_back({.name = one.name, .state = FleetState::starting, .since = one.since});
    } else {
      nodes.push_back(to_node(*seen, one.since));
    }
  }
  return nodes;
}

bool is_ours(const Inventory& inventory, const SeenWorker& worker) {
  if (!inventory.known) return worker.name.starts_with(inventory.name_prefix);
  return std::ranges::find(*inventory.known, worker.name, &KnownWorker::name) !=
         inventory.known->end();
}

}  // namespace

std::vector<FleetNode> assemble_fleet(const Inventory& inventory,
                                      std::span<const SeenWorker> workers, UtcTime grown_at) {
  if (inventory.known) return by_name(*inventory.known, workers);
  std::vector<FleetNode> nodes;
  for (const SeenWorker& worker : workers) {
    if (is_ours(inventory, worker)) nodes.push_back(to_node(worker, worker.registered_at));
  }
  std::ranges::sort(nodes, {}, [](const FleetNode& node) {
    return std::tuple(node.state != FleetState::busy, -node.work_left, std::string_view(node.name));
  });
  if (nodes.size() > inventory.count) nodes.resize(inventory.count);
  while (nodes.size() < inventory.count) {
    nodes.push_back({.name = fmt::format("starting-{}", nodes.size() + 1),
                     .state = FleetState::starting,
                     .since = grown_at});
  }
  return nodes;
}

std::vector<std::string> busy_workers(const Inventory& inventory,
                                      std::span<const SeenWorker> workers) {
  std::vector<std::string> names;
  for (const SeenWorker& worker : workers) {
    if (worker.running_jobs > 0 && is_ours(inventory, worker)) names.push_back(worker.name);
  }
  return names;
}

}  // namespace shoal::scaling
