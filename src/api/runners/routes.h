#pragma once

#include "api/core/routes.h"

/// PeerTube's runner protocol: machines elsewhere that take jobs of this server.
namespace shoal::api {

/// runners/register, unregister; for administrators runners, runners/registration-tokens.
void add_runner_routes(Routes& routes);
/// runners/jobs: request, accept, update, abort, error.
void add_runner_job_routes(Routes& routes);
/// runners/jobs/:uuid: success, files.
void add_runner_result_routes(Routes& routes);
/// runners/jobs/:uuid/result-urls.
void add_runner_result_place_routes(Routes& routes);
/// For administrators: runners/jobs, runners/jobs/:uuid/cancel.
void add_runner_job_list_routes(Routes& routes);

/// What wakes stock runners: socket.io, as far as they need it.
void add_runner_wake_routes(Routes& routes);

}  // namespace shoal::api
