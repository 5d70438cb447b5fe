#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "db/session.h"

namespace shoal::api {

/// Slows down guessing at accounts, on all nodes together. What waits is a client at an account,
/// never the account: nobody can lock an owner out. Where many clients fail at one account, one
/// that has not logged in to it before has a single free try. Unknown names count too, so that an
/// answer does not tell which exist. Each try costs a password's hash: that bounds the rows. Both
/// in write transactions. Any thread.
class LoginThrottle {
 public:
  static constexpr std::int64_t k_free = 5;
  /// Failures of all clients together, more than one makes in the time that they are remembered.
  static constexpr std::int64_t k_under_attack = 50;
  static constexpr Seconds k_longest{60};
  static constexpr Seconds k_memory{900};

  /// `secret`: what all nodes share; the rows hold no name and no address.
  explicit LoginThrottle(std::string secret) : secret_(std::move(secret)) {}

  /// How long `client` (an address) must still wait at this login, or nothing. Counts as a try that
  /// has failed until succeeded() is called: tries at the same moment do not slip through together.
  std::optional<Seconds> try_login(db::Session& session, std::string_view login,
                                   std::string_view client) const;
  void succeeded(db::Session& session, std::string_view login, std::string_view client) const;

 private:
  struct Keys {
    std::string login;   ///< the account, from anywhere
    std::string client;  ///< the account from one network
    std::string known;   ///< who has logged in from there
  };
  Keys keys_of(std::string_view login, std::string_view client) const;

  const std::string secret_;
};

}  // namespace shoal::api
