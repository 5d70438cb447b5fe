#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "scaling/decision.h"
#include "scaling/fleet/backlog.h"
#include "scaling/fleet/scale_driver.h"

namespace shoal::scaling {

/// The workers of a driver with what the registry knows of each. `grown_at` is when one was asked
/// for last: since then those are starting that only the driver knows of. Where the driver counts
/// only, more workers than it counts are about to go: idle ones, or those that have least left.
/// Pure.
std::vector<FleetNode> assemble_fleet(const Inventory& inventory,
                                      std::span<const SeenWorker> workers, UtcTime grown_at);

/// Names of those of the driver that have work, also where they are about to go. Pure.
std::vector<std::string> busy_workers(const Inventory& inventory,
                                      std::span<const SeenWorker> workers);

}  // namespace shoal::scaling
