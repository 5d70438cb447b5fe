#include "catalog/channels.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/text.h"
#include "catalog/like_pattern.h"

namespace shoal::catalog {
namespace {

constexpr int k_group = 2;

constexpr std::string_view k_from =
    " from channel c join actor ca on ca.id = c.actor_id join account a on a.id = c.account_id "
    "join actor aa on aa.id = a.actor_id ";

constexpr std::string_view k_columns =
    "select c.id, c.actor_id, ca.preferred_username, ca.host, ca.url, c.display_name, "
    "c.description, c.support, c.created_at, c.updated_at, "
    "a.id, a.actor_id, a.user_id, aa.preferred_username, aa.host, aa.url, a.display_name, "
    "a.description, a.created_at, a.updated_at";

Channel to_channel(const db::Row& row) {
  Channel channel;
  channel.id = row.id<ChannelId>(0);
  channel.actor = row.id<ActorId>(1);
  channel.name = row.text(2);
  channel.host = row.optional_text(3);
  channel.url = row.text(4);
  channel.display_name = row.text(5);
  channel.description = row.optional_text(6);
  channel.support = row.optional_text(7);
  channel.created_at = row.time(8);
  channel.updated_at = row.time(9);
  Account& owner = channel.owner;
  owner.id = row.id<AccountId>(10);
  owner.actor = row.id<ActorId>(11);
  if (!row.is_null(12)) owner.user = row.id<UserId>(12);
  owner.name = row.text(13);
  owner.host = row.optional_text(14);
  owner.url = row.text(15);
  owner.display_name = row.text(16);
  owner.description = row.optional_text(17);
  owner.created_at = row.time(18);
  owner.updated_at = row.time(19);
  return channel;
}

std::optional<Channel> first(const std::optional<db::Row>& row) {
  if (!row) return std::nullopt;
  return to_channel(*row);
}

std::vector<Channel> to_channels(const db::Rows& rows) {
  std::vector<Channel> channels;
  channels.reserve(rows.size());
  for (const db::Row& row : rows) channels.push_back(to_channel(row));
  return channels;
}

std::string_view order_column(std::string_view field) {
  if (field == "updatedAt") return "c.updated_at";
  if (field == "name") return "ca.username_key";
  if (field == "displayName") return "c.display_name";
  return "c.created_at";
}

/// The condition of a filter and its arguments, in order.
std::string where(const ChannelFilter& filter, std::vector<db::Value>& arguments) {
  std::string condition = "where ca.host is null";
  if (filter.account) {
    condition += " and c.account_id = :account";
    arguments.emplace_back(*filter.account);
  }
  if (!filter.search.empty()) {
    const std::string pattern = like_pattern(filter.search);
    condition +=
        " and (ca.username_key like :name escape '\\' or lower(c.display_name) like :display "
        "escape '\\')";
    arguments.emplace_back(pattern);
    arguments.emplace_back(pattern);
  }
  return condition;
}

}  // namespace

Result<ChannelId> create_channel(db::Session& session, AccountId account, const NewChannel& channel,
                                 std::string_view origin, UtcTime now) {
  TRY(const ActorId actor,
      create_local_actor(session, channel.name, origin, "video-channels", k_group, now));
  return ChannelId{session.insert(
      "insert into channel (actor_id, account_id, display_name, description, support, created_at, "
      "updated_at) values (:actor, :account, :name, :description, :support, :created, :updated) "
      "returning id",
      {actor, account, channel.display_name, channel.description, channel.support, now, now})};
}

std::optional<Channel> find_channel(db::Session& session, const Handle& handle) {
  const std::string key = to_lower_ascii(handle.name);
  if (!handle.host) {
    return first(session.query_one(
        fmt::format("{}{} where ca.username_key = :name and ca.host is null", k_columns, k_from),
        {key}));
  }
  return first(session.query_one(
      fmt::format("{}{} where ca.username_key = :name and ca.host = :host", k_columns, k_from),
      {key, *handle.host}));
}

std::optional<Channel> find_channel(db::Session& session, ChannelId id) {
  return first(session.query_one(fmt::format("{}{} where c.id = :id", k_columns, k_from), {id}));
}

std::vector<Channel> channels_of(db::Session& session, const std::vector<AccountId>& accounts) {
  if (accounts.empty()) return {};
  std::vector<db::Value> arguments(accounts.begin(), accounts.end());
  arguments.resize(std::bit_ceil(accounts.size()), arguments.back());
  return to_channels(session.query(fmt::format("{}{} where c.account_id in {} order by c.id",
                                               k_columns, k_from, db::in_list(accounts.size())),
                                   arguments));
}

std::vector<Channel> list_channels(db::Session& session, const ChannelFilter& filter,
                                   const ChannelOrder& order, std::int64_t start,
                                   std::int64_t count) {
  std::vector<db::Value> arguments;
  const std::string condition = where(filter, arguments);
  arguments.emplace_back(count);
  arguments.emplace_back(start);
  return to_channels(session.query(
      fmt::format("{0}{1}{2} order by {3} {4}, c.id {4} limit :count offset :start", k_columns,
                  k_from, condition, order_column(order.field), order.descending ? "desc" : "asc"),
      arguments));
}

std::int64_t count_channels(db::Session& session, const ChannelFilter& filter) {
  std::vector<db::Value> arguments;
  const std::string condition = where(filter, arguments);
  return session.query_one(fmt::format("select count(*){}{}", k_from, condition), arguments)
      ->integer(0);
}

Result<> update_channel(db::Session& session, ChannelId id, const ChannelChanges& changes,
                        UtcTime now) {
  const auto channel = find_channel(session, id);
  if (!channel) return fail(ErrorCode::not_found, "Video channel not found");
  session.execute(
      "update channel set display_name = :name, description = :description, support = :support, "
      "updated_at = :now where id = :id",
      {changes.display_name.value_or(channel->display_name),
       changes.description.value_or(channel->description),
       changes.support.value_or(channel->support), now, id});
  return {};
}

Result<> delete_channel(db::Session& session, ChannelId id) {
  // The channel's row goes with its actor's.
  const auto gone = session.execute(
      "delete from actor where id = (select actor_id from channel where id = :id)", {id});
  if (gone == 0) return fail(ErrorCode::not_found, "Video channel not found");
  return {};
}

}  // namespace shoal::catalog
