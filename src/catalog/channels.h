#pragma once

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

struct Channel {
  ChannelId id;
  ActorId actor;
  std::string name;
  std::optional<std::string> host;
  std::string url;
  std::string display_name;
  std::optional<std::string> description;
  std::optional<std::string> support;
  UtcTime created_at{};
  UtcTime updated_at{};
  Account owner;
};

struct NewChannel {
  std::string name;
  std::string display_name;
  std::optional<std::string> description;
  std::optional<std::string> support;
};

/// Errors: conflict (name taken).
Result<ChannelId> create_channel(db::Session& session, AccountId account, const NewChannel& channel,
                                 std::string_view origin, UtcTime now);

std::optional<Channel> find_channel(db::Session& session, const Handle& handle);
std::optional<Channel> find_channel(db::Session& session, ChannelId id);
/// All channels of several accounts, oldest first.
std::vector<Channel> channels_of(db::Session& session, const std::vector<AccountId>& accounts);

struct ChannelFilter {
  std::optional<AccountId> account;
  std::string search;  ///< part of the name or display name; empty: all
};
struct ChannelOrder {
  std::string field = "createdAt";  ///< createdAt, updatedAt, name, displayName
  bool descending = true;
};
std::vector<Channel> list_channels(db::Session& session, const ChannelFilter& filter,
                                   const ChannelOrder& order, std::int64_t start,
                                   std::int64_t count);
std::int64_t count_channels(db::Session& session, const ChannelFilter& filter);

struct ChannelChanges {
  std::optional<std::string> display_name;
  std::optional<std::optional<std::string>> description;  ///< inner nothing: removed
  std::optional<std::optional<std::string>> support;
};
Result<> update_channel(db::Session& session, ChannelId id, const ChannelChanges& changes,
                        UtcTime now);
/// The channel and its actor. Its videos must be deleted before. Errors: not_found.
Result<> delete_channel(db::Session& session, ChannelId id);

}  // namespace shoal::catalog
