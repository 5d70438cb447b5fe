#pragma once

#include "app/config/config.h"
#include "app/config/places.h"
#include "base/config/key.h"

namespace shoal::app {

/// The keys of `autoscaler`.
void describe_autoscaler(config::Schema& s, Config::Autoscaler& a);

/// What no single one of them shows: bounds that exclude each other, what the driver needs.
void check_autoscaler(const Config::Autoscaler& a, Complaints& complaints);

}  // namespace shoal::app
