#include "peertube/people.h"

#include <fmt/format.h>

#include "base/text.h"
#include "catalog/channels.h"
#include "catalog/users.h"

namespace shoal::peertube {
namespace {

catalog::Handle local(const std::string& name) {
  return {.name = name, .host = std::nullopt};
}

/// RFC 2606: mail to it can never arrive at anybody.
std::string no_address(const std::string& username) {
  return username + "@import.invalid";
}

Result<catalog::Account> create_account(db::Session& session, const NewPeople& people,
                                        const OldChannel& channel, UtcTime now) {
  const std::string username = to_lower_ascii(channel.owner.name);
  OldUser known;
  if (const auto found = people.users.find(username); found != people.users.end())
    known = found->second;
  const bool is_free = !known.email.empty() && known.email.find('@') != std::string::npos &&
                       !catalog::find_credentials(session, known.email);
  catalog::NewUser user;
  user.username = username;
  user.email = is_free ? known.email : no_address(username);
  user.password_hash = people.password_hash;
  user.video_quota = known.video_quota;
  user.video_quota_daily = known.video_quota_daily;
  user.channel_name = channel.name;
  user.channel_display_name = channel.display_name;
  user.display_name = channel.owner.display_name;
  TRY(const catalog::CreatedUser made, catalog::create_user(session, user, people.origin, now));
  if (known.blocked) TRY_VOID(catalog::set_blocked(session, made.user, true, std::nullopt, now));
  catalog::AccountChanges account;
  account.description = channel.owner.description;
  TRY_VOID(catalog::update_account(session, made.account, account, now));
  catalog::ChannelChanges changes;
  changes.description = channel.description;
  changes.support = channel.support;
  TRY_VOID(catalog::update_channel(session, made.channel, changes, now));
  return *catalog::find_account(session, made.account);
}

}  // namespace

Result<ChannelId> ensure_channel(db::Session& session, const NewPeople& people,
                                 const OldChannel& channel, UtcTime now) {
  auto owner = catalog::find_account(session, local(channel.owner.name));
  const auto there = catalog::find_channel(session, local(channel.name));
  if (there && (!owner || there->owner.id != owner->id)) {
    return fail(ErrorCode::conflict,
                fmt::format("the channel {} belongs to {} here, not to {}", channel.name,
                            there->owner.name, channel.owner.name));
  }
  if (there) return there->id;
  if (!owner) {
    TRY_VOID(create_account(session, people, channel, now));
    return catalog::find_channel(session, local(channel.name))->id;
  }
  return catalog::create_channel(session, owner->id,
                                 {.name = channel.name,
                                  .display_name = channel.display_name,
                                  .description = channel.description,
                                  .support = channel.support},
                                 people.origin, now);
}

}  // namespace shoal::peertube
