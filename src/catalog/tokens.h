#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/random.h"
#include "catalog/users.h"
#include "db/session.h"

namespace shoal::catalog {

/// As PeerTube's.
inline constexpr std::chrono::days k_access_lifetime{1};
inline constexpr std::chrono::days k_refresh_lifetime{14};

/// Who a valid access token belongs to: what nearly every request asks for.
struct TokenOwner {
  UserId id;
  AccountId account;
  Role role = Role::user;
  std::string username;
  std::string preferences;  ///< as User has them
  std::int64_t video_quota = k_unlimited;
  std::int64_t video_quota_daily = k_unlimited;
  std::int64_t token = 0;  ///< the row, for revocation
  UtcTime expires_at{};
};

struct IssuedTokens {
  std::string access_token;
  std::string refresh_token;
  Seconds expires_in{0};
  Seconds refresh_expires_in{0};
};

/// SHA-256 in hex: all that is stored of a token.
std::string token_hash(std::string_view token);

/// 160 random bits each, as 40 hex digits like PeerTube's. The caller's transaction makes them
/// valid when it commits. At most 100 sessions per user are kept: the oldest go.
IssuedTokens issue_tokens(db::Session& session, Random& random, UserId user, UtcTime now);
/// Nothing when unknown, expired, or when its user is blocked.
std::optional<TokenOwner> find_token_owner(db::Session& session, const std::string& access_hash,
                                           UtcTime now);
/// The user of a valid refresh token, which is used up; nothing when unknown or expired.
std::optional<UserId> consume_refresh_token(db::Session& session, std::string_view refresh_token,
                                            UtcTime now);
void revoke_token(db::Session& session, std::int64_t token);
/// All tokens of a user but `except` (0: all).
void revoke_tokens(db::Session& session, UserId user, std::int64_t except = 0);
/// Rows that can no longer be used. Returns how many.
std::int64_t delete_expired_tokens(db::Session& session, UtcTime now);

}  // namespace shoal::catalog
