#include "catalog/tokens.h"

#include "base/digest.h"
#include "base/text.h"

namespace shoal::catalog {
namespace {

constexpr std::size_t k_token_bytes = 20;
constexpr int k_max_sessions = 100;

}  // namespace

std::string token_hash(std::string_view token) {
  const Sha256Digest digest = Sha256::of(token);
  return to_hex(digest);
}

IssuedTokens issue_tokens(db::Session& session, Random& random, UserId user, UtcTime now) {
  IssuedTokens issued;
  issued.access_token = random.hex(k_token_bytes);
  issued.refresh_token = random.hex(k_token_bytes);
  issued.expires_in = k_access_lifetime;
  issued.refresh_expires_in = k_refresh_lifetime;
  session.execute(
      "insert into oauth_token (user_id, access_hash, refresh_hash, access_expires_at, "
      "refresh_expires_at, created_at) values (:user, :access, :refresh, :access_expires, "
      ":refresh_expires, :now)",
      {user, token_hash(issued.access_token), token_hash(issued.refresh_token),
       now + k_access_lifetime, now + k_refresh_lifetime, now});
  session.execute(
      "delete from oauth_token where user_id = :user and id not in (select id from oauth_token "
      "where user_id = :same order by id desc limit :kept)",
      {user, user, k_max_sessions});
  return issued;
}

std::optional<TokenOwner> find_token_owner(db::Session& session, const std::string& access_hash,
                                           UtcTime now) {
  const auto row = session.query_one(
      "select u.id, a.id, u.role, u.username, u.video_quota, u.video_quota_daily, t.id, "
      "t.access_expires_at, u.preferences from oauth_token t join users u on u.id = t.user_id join "
      "account a on "
      "a.user_id = u.id where t.access_hash = :hash and t.access_expires_at > :now and u.blocked = "
      "0",
      {access_hash, now});
  if (!row) return std::nullopt;
  TokenOwner owner;
  owner.id = row->id<UserId>(0);
  owner.account = row->id<AccountId>(1);
  owner.role = static_cast<Role>(row->integer(2));
  owner.username = row->text(3);
  owner.video_quota = row->integer(4);
  owner.video_quota_daily = row->integer(5);
  owner.token = row->integer(6);
  owner.expires_at = row->time(7);
  owner.preferences = row->text(8);
  return owner;
}

std::optional<UserId> consume_refresh_token(db::Session& session, std::string_view refresh_token,
                                            UtcTime now) {
  // One statement: of two clients with the same token only one gets new ones.
  const auto row = session.query_one(
      "delete from oauth_token where refresh_hash = :hash and refresh_expires_at > :now returning "
      "user_id",
      {token_hash(refresh_token), now});
  if (!row) return std::nullopt;
  return row->id<UserId>(0);
}

void revoke_token(db::Session& session, std::int64_t token) {
  session.execute("delete from oauth_token where id = :id", {token});
}

void revoke_tokens(db::Session& session, UserId user, std::int64_t except) {
  session.execute("delete from oauth_token where user_id = :user and id <> :except",
                  {user, except});
}

std::int64_t delete_expired_tokens(db::Session& session, UtcTime now) {
  return session.execute("delete from oauth_token where refresh_expires_at <= :now", {now});
}

}  // namespace shoal::catalog
