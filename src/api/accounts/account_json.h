#pragma once

#include <string_view>
#include <vector>

#include "api/core/json_writer.h"
#include "catalog/accounts.h"
#include "catalog/channels.h"
#include "catalog/users.h"

namespace shoal::api {

// PeerTube's shapes. `local_host` stands in for the host of local actors. Where nobody can follow
// yet, the counts of followers are what they are: 0.

void write_account(JsonWriter& json, const catalog::Account& account, std::string_view local_host);
/// `with_owner`: with ownerAccount, as everywhere but below a user.
void write_channel(JsonWriter& json, const catalog::Channel& channel, std::string_view local_host,
                   bool with_owner);
/// The short forms below a video.
void write_account_summary(JsonWriter& json, const catalog::Account& account,
                           std::string_view local_host);
void write_channel_summary(JsonWriter& json, const catalog::Channel& channel,
                           std::string_view local_host);

/// What a user used of the quota, for lists and single users.
struct UserUsage {
  std::int64_t quota_used = 0;
  std::int64_t quota_used_daily = 0;
  std::int64_t file_bytes = 0;
  std::int64_t videos = 0;
};

struct UserView {
  catalog::User user;
  catalog::Account account;
  std::vector<catalog::Channel> channels;
  std::optional<UserUsage> usage;
};

void write_user(JsonWriter& json, const UserView& view, std::string_view local_host);

}  // namespace shoal::api
