#pragma once

#include <optional>

#include "api/accounts/account_json.h"
#include "base/clock.h"
#include "db/session.h"

namespace shoal::api {

/// What an answer about one user holds. `now` bounds the daily quota (the last 24 hours).
std::optional<UserView> load_user(db::Session& session, UserId id, bool with_usage, UtcTime now);
std::vector<UserView> load_users(db::Session& session, std::vector<catalog::User> users,
                                 bool with_usage, UtcTime now);

}  // namespace shoal::api
