#pragma once

#include <vector>

#include "api/core/context.h"
#include "api/core/routes.h"
#include "net/http/router.h"

namespace shoal::api {

/// Everything the API answers. Returns what was registered, for the check of openapi.yaml.
std::vector<Routes::Registered> add_all_routes(net::Router& router, Context& context);

}  // namespace shoal::api
