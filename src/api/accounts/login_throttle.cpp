#include "api/accounts/login_throttle.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "base/text.h"
#include "catalog/guesses.h"
#include "net/address.h"

namespace shoal::api {
namespace {

constexpr std::size_t k_longest_login = 400;
/// Of a digest, in a key.
constexpr std::size_t k_key_bytes = 16;

}  // namespace

LoginThrottle::Keys LoginThrottle::keys_of(std::string_view login, std::string_view client) const {
  const std::string account = to_lower_ascii(login.substr(0, k_longest_login));
  const auto key = [&](std::string_view kind, std::string_view network) {
    const Sha256Digest digest = hmac_sha256(secret_, fmt::format("{}\n{}", network, account));
    return fmt::format("{} {}", kind, to_hex(std::span(digest).first(k_key_bytes)));
  };
  const std::string network = net::client_network(client);
  return {key("login", ""), key("client", network), key("known", network)};
}

std::optional<Seconds> LoginThrottle::try_login(db::Session& session, std::string_view login,
                                                std::string_view client) const {
  const Keys keys = keys_of(login, client);
  const bool strict = catalog::count_guesses(session, keys.login, k_memory) >= k_under_attack &&
                      !catalog::is_known(session, keys.known);
  const catalog::GuessRules rules{strict ? 1 : k_free, k_longest, k_memory};
  if (const auto left = catalog::try_guess(session, keys.client, rules)) return left;
  catalog::add_guess(session, keys.login, k_memory);
  return std::nullopt;
}

void LoginThrottle::succeeded(db::Session& session, std::string_view login,
                              std::string_view client) const {
  const Keys keys = keys_of(login, client);
  catalog::forget_guesses(session, keys.client);
  catalog::forgive_guess(session, keys.login);
  catalog::note_known(session, keys.known);
}

}  // namespace shoal::api
