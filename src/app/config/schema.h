#pragma once

#include "app/config/config.h"
#include "base/config/key.h"

namespace shoal::app {

/// Every key of shoal.yaml, bound to the members of `config`, which must outlive the schema and
/// keep its list of stores: the keys of each store are those of its element.
config::Schema make_schema(Config& config);

}  // namespace shoal::app
