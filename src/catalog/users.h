#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "catalog/accounts.h"
#include "db/session.h"

namespace shoal::catalog {

/// PeerTube's numbers.
enum class Role : int { administrator = 0, moderator = 1, user = 2 };
std::string_view label(Role role);

inline constexpr std::int64_t k_unlimited = -1;

struct User {
  UserId id;
  std::string username;
  std::string email;
  Role role = Role::user;
  bool blocked = false;
  std::optional<std::string> blocked_reason;
  std::int64_t video_quota = k_unlimited;  ///< bytes, or k_unlimited
  std::int64_t video_quota_daily = k_unlimited;
  std::string preferences;  ///< a JSON object; see api/users
  std::optional<UtcTime> last_login_at;
  UtcTime created_at{};
  UtcTime updated_at{};
};

struct NewUser {
  std::string username;  ///< lower case, [a-z0-9._], 1–50
  std::string email;
  std::string password_hash;
  Role role = Role::user;
  std::int64_t video_quota = k_unlimited;
  std::int64_t video_quota_daily = k_unlimited;
  std::string channel_name;          ///< empty: <username>_channel
  std::string channel_display_name;  ///< empty: the channel's name
  std::string display_name;          ///< empty: the username
};

struct CreatedUser {
  UserId user;
  AccountId account;
  ChannelId channel;
};

/// The user, its account and its first channel, each with its actor. `origin` is the instance's
/// URL. Errors: conflict (username, e-mail or channel name taken).
Result<CreatedUser> create_user(db::Session& session, const NewUser& user, std::string_view origin,
                                UtcTime now);

std::optional<User> find_user(db::Session& session, UserId id);

struct Credentials {
  UserId id;
  std::string password_hash;
  bool blocked = false;
};
/// By username or e-mail, without case.
std::optional<Credentials> find_credentials(db::Session& session, std::string_view login);
std::optional<Credentials> find_credentials(db::Session& session, UserId id);

struct UserFilter {
  std::string search;  ///< part of the username or e-mail; empty: all
  std::optional<bool> blocked;
};
/// Usernames, created_at and the like; see `k_user_sorts`.
struct UserOrder {
  std::string field = "createdAt";
  bool descending = false;
};
std::vector<User> list_users(db::Session& session, const UserFilter& filter, const UserOrder& order,
                             std::int64_t start, std::int64_t count);
std::int64_t count_users(db::Session& session, const UserFilter& filter);

struct UserChanges {
  std::optional<std::string> email;
  std::optional<std::string> password_hash;
  std::optional<Role> role;
  std::optional<std::int64_t> video_quota;
  std::optional<std::int64_t> video_quota_daily;
  std::optional<std::string> preferences;
};
/// Errors: not_found, conflict (e-mail taken).
Result<> update_user(db::Session& session, UserId id, const UserChanges& changes, UtcTime now);
/// Blocking also ends the user's sessions. Errors: not_found.
Result<> set_blocked(db::Session& session, UserId id, bool blocked,
                     const std::optional<std::string>& reason, UtcTime now);
void touch_login(db::Session& session, UserId id, UtcTime now);
/// The user with its account, channels and their actors. Its videos must be deleted before (their
/// files have to be put into the trash). Errors: not_found.
Result<> delete_user(db::Session& session, UserId id);

/// Bytes that count against the quota: what the account's videos were uploaded with, plus what each
/// open upload has announced, or sent if that is more.
std::int64_t quota_used(db::Session& session, UserId id);
/// Bytes that count against the daily quota: all that came since, also of videos that are deleted
/// again (their upload is remembered for a day, as their bytes stay in the trash for one).
std::int64_t quota_used_since(db::Session& session, UserId id, UtcTime since);

}  // namespace shoal::catalog
