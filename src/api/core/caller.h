#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/core/problem.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "catalog/tokens.h"
#include "catalog/users.h"
#include "db/database.h"
#include "io/task.h"

namespace shoal::api {

/// Who asks: nobody we know, or a user whose token was valid a few seconds ago at most. Value.
struct Caller {
  std::optional<catalog::TokenOwner> user;

  bool is_anonymous() const { return !user; }
  bool is_user(UserId id) const { return user && user->id == id; }
  bool is_account(AccountId id) const { return user && user->account == id; }
  bool is_administrator() const { return user && user->role == catalog::Role::administrator; }
  /// Moderators and administrators.
  bool is_moderator() const { return user && user->role != catalog::Role::user; }
};

/// Turns Bearer tokens into callers. Lookups are kept for `k_keep`, at most `k_limit` of them, so a
/// token that another node revoked dies within k_keep; one revoked here dies at once. Any thread.
class Callers {
 public:
  static constexpr Milliseconds k_keep{3000};
  static constexpr std::size_t k_limit = 10'000;

  Callers(db::Database& database, Clock& clock, Metrics& metrics);

  /// The caller of a request: anonymous without an Authorization header; 401 (`invalid_token`) for
  /// a token that is not (or no longer) valid, also where a token is optional.
  io::Task<Answer<Caller>> identify(const net::Headers& headers);
  /// Whether identify() would answer from memory.
  bool knows(const net::Headers& headers);
  /// The same for a token that came another way (query string of a media request).
  io::Task<Answer<Caller>> identify_token(std::string token);

  /// Forgets what was looked up, after tokens of a user were revoked or the user was changed.
  void forget(UserId user);

 private:
  struct Entry {
    catalog::TokenOwner owner;
    SteadyTime looked_up;
  };
  std::optional<catalog::TokenOwner> find(const std::string& hash);
  void keep(const std::string& hash, const catalog::TokenOwner& owner, std::uint64_t generation);

  db::Database& database_;
  Clock& clock_;
  Gauge entries_metric_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  /// Raised by forget(): a lookup that began before must not be kept after.
  std::uint64_t generation_ = 0;
};

/// The token of `Authorization: Bearer …`, or nothing.
std::optional<std::string_view> bearer_token(const net::Headers& headers);

/// 401 as PeerTube says it when a route needs a token and there is none.
Problem missing_token();

}  // namespace shoal::api
