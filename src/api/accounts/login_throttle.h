#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "api/core/guess_throttle.h"
#include "base/clock.h"

namespace shoal::api {

/// Slows down guessing at accounts. What waits is a client at an account, never the account: nobody
/// can lock an owner out. Where many clients fail at one account, one that has not logged in to it
/// before has a single free try. Unknown names count too, so that an answer does not tell which
/// exist. Bounded. Any thread.
class LoginThrottle {
 public:
  static constexpr std::uint32_t k_free = 5;
  /// Failures of all clients together, more than one makes in the time that they are remembered.
  static constexpr std::uint32_t k_under_attack = 50;
  static constexpr Seconds k_longest{60};
  static constexpr std::size_t k_limit = 10'000;

  explicit LoginThrottle(const Clock& clock);

  /// How long `client` (an address) must still wait at this login, or nothing. Counts as a try that
  /// has failed until succeeded() is called: tries at the same moment do not slip through together.
  std::optional<Seconds> try_login(std::string_view login, std::string_view client);
  void succeeded(std::string_view login, std::string_view client);

 private:
  bool is_known(const std::string& pair);

  GuessThrottle by_client_;
  GuessThrottle by_login_;
  std::mutex mutex_;
  /// Clients that have logged in to an account, as `pair` names them; the oldest go first.
  std::unordered_set<std::string> known_;
  std::list<std::string> known_order_;
};

}  // namespace shoal::api
