#include "api/accounts/login_throttle.h"

#include <fmt/format.h>

#include "base/text.h"
#include "net/address.h"

namespace shoal::api {
namespace {

constexpr std::size_t k_longest_login = 400;

std::string key_of(std::string_view login) {
  return to_lower_ascii(login.substr(0, k_longest_login));
}

std::string pair_of(std::string_view login, std::string_view client) {
  return fmt::format("{}\n{}", net::client_network(client), key_of(login));
}

}  // namespace

LoginThrottle::LoginThrottle(const Clock& clock)
    : by_client_({.free = k_free, .longest = k_longest, .keys = k_limit}, clock),
      by_login_({.free = k_under_attack, .longest = k_longest, .keys = k_limit}, clock) {}

bool LoginThrottle::is_known(const std::string& pair) {
  const std::scoped_lock lock(mutex_);
  return known_.contains(pair);
}

std::optional<Seconds> LoginThrottle::try_login(std::string_view login, std::string_view client) {
  const std::string pair = pair_of(login, client);
  const std::string key = key_of(login);
  const bool strict = by_login_.failures(key) >= k_under_attack && !is_known(pair);
  if (const auto left = by_client_.try_now(pair, strict)) return left;
  by_login_.failed(key);
  return std::nullopt;
}

void LoginThrottle::succeeded(std::string_view login, std::string_view client) {
  std::string pair = pair_of(login, client);
  by_client_.succeeded(pair);
  by_login_.forgive(key_of(login));
  const std::scoped_lock lock(mutex_);
  if (!known_.insert(pair).second) return;
  known_order_.push_back(std::move(pair));
  if (known_order_.size() <= k_limit) return;
  known_.erase(known_order_.front());
  known_order_.pop_front();
}

}  // namespace shoal::api
