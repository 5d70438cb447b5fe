#pragma once

#include "api/core/routes.h"

namespace shoal::api {

/// oauth-clients/local, users/token, users/revoke-token.
void add_oauth_routes(Routes& routes);
/// users/me and what is below it, users/register.
void add_me_routes(Routes& routes);
/// users: what administrators and moderators do with them.
void add_users_routes(Routes& routes);
/// accounts/:name.
void add_accounts_routes(Routes& routes);
/// video-channels, accounts/:name/video-channels.
void add_channels_routes(Routes& routes);

}  // namespace shoal::api
