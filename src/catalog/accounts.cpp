#include "catalog/accounts.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/text.h"

namespace shoal::catalog {
namespace {

constexpr std::string_view k_select =
    "select a.id, a.actor_id, a.user_id, ac.preferred_username, ac.host, ac.url, a.display_name, "
    "a.description, a.created_at, a.updated_at from account a join actor ac on ac.id = a.actor_id ";

Account to_account(const db::Row& row) {
  Account account;
  account.id = row.id<AccountId>(0);
  account.actor = row.id<ActorId>(1);
  if (!row.is_null(2)) account.user = row.id<UserId>(2);
  account.name = row.text(3);
  account.host = row.optional_text(4);
  account.url = row.text(5);
  account.display_name = row.text(6);
  account.description = row.optional_text(7);
  account.created_at = row.time(8);
  account.updated_at = row.time(9);
  return account;
}

std::optional<Account> first(const std::optional<db::Row>& row) {
  if (!row) return std::nullopt;
  return to_account(*row);
}

std::vector<Account> to_accounts(const db::Rows& rows) {
  std::vector<Account> accounts;
  accounts.reserve(rows.size());
  for (const db::Row& row : rows) accounts.push_back(to_account(row));
  return accounts;
}

}  // namespace

std::optional<Handle> Handle::parse(std::string_view text, std::string_view local_host) {
  Handle handle;
  const std::size_t at = text.find('@');
  handle.name = std::string(text.substr(0, at));
  if (!is_valid_actor_name(handle.name)) return std::nullopt;
  if (at == std::string_view::npos) return handle;
  const std::string host = to_lower_ascii(text.substr(at + 1));
  const bool good = !host.empty() && host.size() <= 255 && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':';
  });
  if (!good) return std::nullopt;
  if (host != to_lower_ascii(local_host)) handle.host = host;
  return handle;
}

bool is_valid_actor_name(std::string_view name) {
  if (name.empty() || name.size() > 50) return false;
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_';
  });
}

std::optional<Account> find_account(db::Session& session, const Handle& handle) {
  const std::string key = to_lower_ascii(handle.name);
  if (!handle.host) {
    return first(session.query_one(
        fmt::format("{} where ac.username_key = :name and ac.host is null", k_select), {key}));
  }
  return first(session.query_one(
      fmt::format("{} where ac.username_key = :name and ac.host = :host", k_select),
      {key, *handle.host}));
}

std::optional<Account> find_account(db::Session& session, AccountId id) {
  return first(session.query_one(fmt::format("{} where a.id = :id", k_select), {id}));
}

std::optional<Account> find_account_of(db::Session& session, UserId user) {
  return first(session.query_one(fmt::format("{} where a.user_id = :user", k_select), {user}));
}

std::vector<Account> accounts_of(db::Session& session, const std::vector<UserId>& users) {
  if (users.empty()) return {};
  std::vector<db::Value> arguments(users.begin(), users.end());
  arguments.resize(std::bit_ceil(users.size()), arguments.back());
  return to_accounts(session.query(
      fmt::format("{} where a.user_id in {}", k_select, db::in_list(users.size())), arguments));
}

std::vector<Account> list_accounts(db::Session& session, std::string_view order_by, bool descending,
                                   std::int64_t start, std::int64_t count) {
  const std::string_view column = order_by == "name" ? "ac.username_key" : "a.created_at";
  const std::string_view direction = descending ? "desc" : "asc";
  return to_accounts(session.query(
      fmt::format("{0} where ac.host is null order by {1} {2}, a.id {2} limit :count offset :start",
                  k_select, column, direction),
      {count, start}));
}

std::int64_t count_accounts(db::Session& session) {
  return session
      .query_one(
          "select count(*) from account a join actor ac on ac.id = a.actor_id where ac.host is "
          "null")
      ->integer(0);
}

Result<> update_account(db::Session& session, AccountId id, const AccountChanges& changes,
                        UtcTime now) {
  auto account = find_account(session, id);
  if (!account) return fail(ErrorCode::not_found, "Account not found");
  session.execute(
      "update account set display_name = :name, description = :description, updated_at = :now "
      "where id = :id",
      {changes.display_name.value_or(account->display_name),
       changes.description.value_or(account->description), now, id});
  return {};
}

Result<ActorId> create_local_actor(db::Session& session, std::string_view name,
                                   std::string_view origin, std::string_view path, int kind,
                                   UtcTime now) {
  if (is_actor_name_taken(session, name)) {
    return fail(ErrorCode::conflict, fmt::format("The name {} is taken.", name));
  }
  return ActorId{session.insert(
      "insert into actor (kind, preferred_username, username_key, url, created_at, updated_at) "
      "values (:kind, :name, :key, :url, :created, :updated) returning id",
      {kind, name, to_lower_ascii(name), fmt::format("{}/{}/{}", origin, path, name), now, now})};
}

bool is_actor_name_taken(db::Session& session, std::string_view name) {
  return session
      .query_one("select id from actor where username_key = :key and host is null",
                 {to_lower_ascii(name)})
      .has_value();
}

}  // namespace shoal::catalog
