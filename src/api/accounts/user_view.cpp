#include "api/accounts/user_view.h"

#include <algorithm>

namespace shoal::api {
namespace {

UserUsage load_usage(db::Session& session, UserId id, UtcTime now) {
  UserUsage usage;
  usage.quota_used = catalog::quota_used(session, id);
  usage.quota_used_daily = catalog::quota_used_since(session, id, now - std::chrono::days{1});
  const auto videos = session.query_one(
      "select count(*) from video v join channel c on c.id = v.channel_id join account a on a.id = "
      "c.account_id where a.user_id = :user",
      {id});
  const auto files = session.query_one(
      "select coalesce(sum(f.size), 0) from media_file f join video v on v.id = f.video_id join "
      "channel c on c.id = v.channel_id join account a on a.id = c.account_id where a.user_id = "
      ":user",
      {id});
  usage.videos = videos->integer(0);
  usage.file_bytes = files->integer(0);
  return usage;
}

}  // namespace

std::vector<UserView> load_users(db::Session& session, std::vector<catalog::User> users,
                                 bool with_usage, UtcTime now) {
  std::vector<UserId> ids;
  ids.reserve(users.size());
  for (const catalog::User& user : users) ids.push_back(user.id);
  const auto accounts = catalog::accounts_of(session, ids);
  std::vector<AccountId> account_ids;
  account_ids.reserve(accounts.size());
  for (const catalog::Account& account : accounts) account_ids.push_back(account.id);
  const auto channels = catalog::channels_of(session, account_ids);

  std::vector<UserView> views;
  for (catalog::User& user : users) {
    const auto account = std::ranges::find_if(
        accounts, [&](const catalog::Account& candidate) { return candidate.user == user.id; });
    if (account == accounts.end()) continue;
    UserView view{std::move(user), *account, {}, std::nullopt};
    for (const catalog::Channel& channel : channels) {
      if (channel.owner.id == account->id) view.channels.push_back(channel);
    }
    if (with_usage) view.usage = load_usage(session, view.user.id, now);
    views.push_back(std::move(view));
  }
  return views;
}

std::optional<UserView> load_user(db::Session& session, UserId id, bool with_usage, UtcTime now) {
  auto user = catalog::find_user(session, id);
  if (!user) return std::nullopt;
  std::vector<catalog::User> one;
  one.push_back(std::move(*user));
  auto views = load_users(session, std::move(one), with_usage, now);
  if (views.empty()) return std::nullopt;
  return std::move(views.front());
}

}  // namespace shoal::api
