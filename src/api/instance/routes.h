#pragma once

#include "api/core/routes.h"

namespace shoal::api {

/// config, config/about, ping.
void add_config_routes(Routes& routes);
/// config/custom: what administrators change at run time.
void add_custom_config_routes(Routes& routes);
/// server/stats, nodeinfo.
void add_stats_routes(Routes& routes);
/// admin/overview (ours).
void add_overview_routes(Routes& routes);
/// server/nodes (ours).
void add_node_routes(Routes& routes);
/// server/autoscaler (ours).
void add_autoscaler_routes(Routes& routes);
/// jobs, jobs/:state.
void add_jobs_routes(Routes& routes);
/// /metrics, /healthz, /readyz.
void add_health_routes(Routes& routes);

}  // namespace shoal::api
