#include "catalog/users.h"

#include <fmt/format.h>

#include "base/text.h"
#include "catalog/channels.h"
#include "catalog/like_pattern.h"
#include "catalog/tokens.h"

namespace shoal::catalog {
namespace {

constexpr int k_person = 1;

constexpr std::string_view k_select =
    "select id, username, email, role, blocked, blocked_reason, video_quota, video_quota_daily, "
    "preferences, last_login_at, created_at, updated_at from users";

User to_user(const db::Row& row) {
  User user;
  user.id = row.id<UserId>(0);
  user.username = row.text(1);
  user.email = row.text(2);
  user.role = static_cast<Role>(row.integer(3));
  user.blocked = row.boolean(4);
  user.blocked_reason = row.optional_text(5);
  user.video_quota = row.integer(6);
  user.video_quota_daily = row.integer(7);
  user.preferences = row.text(8);
  user.last_login_at = row.optional_time(9);
  user.created_at = row.time(10);
  user.updated_at = row.time(11);
  return user;
}

std::string_view order_column(std::string_view field) {
  if (field == "username") return "username";
  if (field == "role") return "role";
  if (field == "lastLoginDate") return "coalesce(last_login_at, 0)";
  if (field == "id") return "id";
  return "created_at";
}

std::string where(const UserFilter& filter, std::vector<db::Value>& arguments) {
  std::string condition = " where 1 = 1";
  if (!filter.search.empty()) {
    const std::string pattern = like_pattern(filter.search);
    condition += " and (username like :name escape '\\' or email like :email escape '\\')";
    arguments.emplace_back(pattern);
    arguments.emplace_back(pattern);
  }
  if (filter.blocked) {
    condition += " and blocked = :blocked";
    arguments.emplace_back(*filter.blocked);
  }
  return condition;
}

Result<UserId> insert_user(db::Session& session, const NewUser& user, UtcTime now) {
  const auto row = session.query_one(
      "insert into users (username, email, password_hash, role, video_quota, video_quota_daily, "
      "preferences, created_at, updated_at) values (:username, :email, :hash, :role, :quota, "
      ":daily, '{}', :created, :updated) on conflict do nothing returning id",
      {user.username, to_lower_ascii(user.email), user.password_hash, static_cast<int>(user.role),
       user.video_quota, user.video_quota_daily, now, now});
  if (!row) {
    return fail(ErrorCode::conflict, "User with this username or email already exists.");
  }
  return row->id<UserId>(0);
}

}  // namespace

std::string_view label(Role role) {
  switch (role) {
    case Role::administrator:
      return "Administrator";
    case Role::moderator:
      return "Moderator";
    case Role::user:
      return "User";
  }
  return "User";
}

Result<CreatedUser> create_user(db::Session& session, const NewUser& user, std::string_view origin,
                                UtcTime now) {
  TRY(const UserId id, insert_user(session, user, now));
  TRY(const ActorId actor,
      create_local_actor(session, user.username, origin, "accounts", k_person, now));
  const AccountId account{session.insert(
      "insert into account (actor_id, user_id, display_name, created_at, updated_at) values "
      "(:actor, :user, :name, :created, :updated) returning id",
      {actor, id, user.display_name.empty() ? user.username : user.display_name, now, now})};
  NewChannel channel;
  channel.name = user.channel_name.empty() ? user.username + "_channel" : user.channel_name;
  channel.display_name =
      user.channel_display_name.empty() ? channel.name : user.channel_display_name;
  TRY(const ChannelId channel_id, create_channel(session, account, channel, origin, now));
  return CreatedUser{id, account, channel_id};
}

std::optional<User> find_user(db::Session& session, UserId id) {
  const auto row = session.query_one(fmt::format("{} where id = :id", k_select), {id});
  if (!row) return std::nullopt;
  return to_user(*row);
}

std::optional<Credentials> find_credentials(db::Session& session, std::string_view login) {
  const std::string key = to_lower_ascii(login);
  // A username never holds '@', so the two cannot name different users.
  const auto row = session.query_one(
      "select id, password_hash, blocked from users where username = :username or email = :email",
      {key, key});
  if (!row) return std::nullopt;
  return Credentials{row->id<UserId>(0), row->text(1), row->boolean(2)};
}

std::optional<Credentials> find_credentials(db::Session& session, UserId id) {
  const auto row =
      session.query_one("select id, password_hash, blocked from users where id = :id", {id});
  if (!row) return std::nullopt;
  return Credentials{row->id<UserId>(0), row->text(1), row->boolean(2)};
}

std::vector<User> list_users(db::Session& session, const UserFilter& filter, const UserOrder& order,
                             std::int64_t start, std::int64_t count) {
  std::vector<db::Value> arguments;
  const std::string condition = where(filter, arguments);
  arguments.emplace_back(count);
  arguments.emplace_back(start);
  std::vector<User> users;
  for (const db::Row& row : session.query(
           fmt::format("{0}{1} order by {2} {3}, id {3} limit :count offset :start", k_select,
                       condition, order_column(order.field), order.descending ? "desc" : "asc"),
           arguments)) {
    users.push_back(to_user(row));
  }
  return users;
}

std::int64_t count_users(db::Session& session, const UserFilter& filter) {
  std::vector<db::Value> arguments;
  const std::string condition = where(filter, arguments);
  return session.query_one("select count(*) from users" + condition, arguments)->integer(0);
}

Result<> update_user(db::Session& session, UserId id, const UserChanges& changes, UtcTime now) {
  const auto user = find_user(session, id);
  if (!user) return fail(ErrorCode::not_found, "User not found");
  const std::string email = to_lower_ascii(changes.email.value_or(user->email));
  const auto other =
      session.query_one("select id from users where email = :email and id <> :id", {email, id});
  if (other) return fail(ErrorCode::conflict, "User with this email already exists.");
  session.execute(
      "update users set email = :email, role = :role, video_quota = :quota, video_quota_daily = "
      ":daily, preferences = :preferences, updated_at = :now where id = :id",
      {email, static_cast<int>(changes.role.value_or(user->role)),
       changes.video_quota.value_or(user->video_quota),
       changes.video_quota_daily.value_or(user->video_quota_daily),
       changes.preferences.value_or(user->preferences), now, id});
  if (changes.password_hash) {
    session.execute("update users set password_hash = :hash where id = :id",
                    {*changes.password_hash, id});
  }
  return {};
}

Result<> set_blocked(db::Session& session, UserId id, bool blocked,
                     const std::optional<std::string>& reason, UtcTime now) {
  const auto changed = session.execute(
      "update users set blocked = :blocked, blocked_reason = :reason, updated_at = :now where id = "
      ":id",
      {blocked, blocked ? reason : std::nullopt, now, id});
  if (changed == 0) return fail(ErrorCode::not_found, "User not found");
  if (blocked) revoke_tokens(session, id);
  return {};
}

void touch_login(db::Session& session, UserId id, UtcTime now) {
  session.execute("update users set last_login_at = :now where id = :id", {now, id});
}

Result<> delete_user(db::Session& session, UserId id) {
  // Channels and the account go with their actors.
  session.execute(
      "delete from actor where id in (select c.actor_id from channel c join account a on a.id = "
      "c.account_id where a.user_id = :user)",
      {id});
  session.execute(
      "delete from actor where id in (select actor_id from account where user_id = :id)", {id});
  if (session.execute("delete from users where id = :id", {id}) == 0) {
    return fail(ErrorCode::not_found, "User not found");
  }
  return {};
}

namespace {

/// Bytes of the sessions that `which` chooses: what was announced, or came if that is more.
std::int64_t session_bytes(db::Session& session, std::string_view which, UserId id, UtcTime after) {
  return session
      .query_one(
          fmt::format(
              "select coalesce(sum(case when u.total_size > u.received then u.total_size else "
              "u.received end), 0) from (select s.total_size, coalesce((select max(c.start + "
              "c.size) from upload_chunk c where c.session_id = s.id), 0) as received from "
              "upload_session s where s.user_id = :user and s.created_at >= :after and {}) u",
              which),
          {id, after})
      ->integer(0);
}

}  // namespace

std::int64_t quota_used(db::Session& session, UserId id) {
  const auto videos = session.query_one(
      "select coalesce(sum(v.source_size), 0) from video v join channel c on c.id = v.channel_id "
      "join account a on a.id = c.account_id where a.user_id = :user",
      {id});
  return videos->integer(0) + session_bytes(session, "s.state = 1", id, UtcTime{});
}

std::int64_t quota_used_since(db::Session& session, UserId id, UtcTime since) {
  const auto others = session.query_one(
      "select coalesce(sum(v.source_size), 0) from video v join channel c on c.id = v.channel_id "
      "join account a on a.id = c.account_id where a.user_id = :user and v.created_at >= :after "
      "and v.id not in (select s.video_id from upload_session s where s.user_id = :user and "
      "s.video_id is not null)",
      {id, since});
  return others->integer(0) + session_bytes(session, "s.state in (1, 3)", id, since);
}

}  // namespace shoal::catalog
