#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/session.h"

namespace shoal::catalog {

/// What other servers and our API call an actor of an account or channel.
struct Handle {
  std::string name;
  std::optional<std::string> host;  ///< nothing: this instance

  /// `name` or `name@host`; our own `local_host` counts as none. Nothing when malformed.
  static std::optional<Handle> parse(std::string_view text, std::string_view local_host);
};

/// Letters, digits, '.' and '_', 1–50, as PeerTube; `_` and '.' neither first nor last.
bool is_valid_actor_name(std::string_view name);

struct Account {
  AccountId id;
  ActorId actor;
  std::optional<UserId> user;
  std::string name;
  std::optional<std::string> host;
  std::string url;
  std::string display_name;
  std::optional<std::string> description;
  UtcTime created_at{};
  UtcTime updated_at{};
};

std::optional<Account> find_account(db::Session& session, const Handle& handle);
std::optional<Account> find_account(db::Session& session, AccountId id);
std::optional<Account> find_account_of(db::Session& session, UserId user);
/// Accounts of several users, in no order.
std::vector<Account> accounts_of(db::Session& session, const std::vector<UserId>& users);
std::vector<Account> list_accounts(db::Session& session, std::string_view order_by, bool descending,
                                   std::int64_t start, std::int64_t count);
std::int64_t count_accounts(db::Session& session);

struct AccountChanges {
  std::optional<std::string> display_name;
  std::optional<std::optional<std::string>> description;  ///< inner nothing: removed
};
Result<> update_account(db::Session& session, AccountId id, const AccountChanges& changes,
                        UtcTime now);

/// A local actor row. `path` is "accounts" or "video-channels". Errors: conflict (name taken).
Result<ActorId> create_local_actor(db::Session& session, std::string_view name,
                                   std::string_view origin, std::string_view path, int kind,
                                   UtcTime now);
/// Whether a local account or channel has this name already; they share one namespace.
bool is_actor_name_taken(db::Session& session, std::string_view name);

}  // namespace shoal::catalog
