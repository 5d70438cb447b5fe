#include "api/accounts/login_throttle.h"

#include <algorithm>

#include "base/text.h"

namespace shoal::api {
namespace {

/// Without a try for this long the failures are forgotten.
constexpr Seconds k_memory{900};

Seconds delay_after(std::uint32_t failures) {
  if (failures < LoginThrottle::k_free) return Seconds{0};
  const std::uint32_t doublings = std::min(failures - LoginThrottle::k_free, 10U);
  return std::min(Seconds{1} * (1U << doublings), LoginThrottle::k_longest);
}

}  // namespace

void LoginThrottle::make_room(SteadyTime now) {
  if (entries_.size() < k_limit) return;
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.last + k_memory <= now; });
  if (entries_.size() < k_limit) return;
  // Full of recent failures: somebody sprays names. Those with the fewest failures go.
  std::erase_if(entries_, [](const auto& entry) { return entry.second.failures < k_free; });
  if (entries_.size() >= k_limit) entries_.clear();
}

std::optional<Seconds> LoginThrottle::try_login(std::string_view login) {
  const SteadyTime now = clock_.steady_now();
  const std::scoped_lock lock(mutex_);
  make_room(now);
  Entry& entry = entries_[to_lower_ascii(login.substr(0, 400))];
  if (entry.last + k_memory <= now) entry = {};
  if (now < entry.not_before) return std::chrono::ceil<Seconds>(entry.not_before - now);
  ++entry.failures;
  entry.last = now;
  entry.not_before = now + delay_after(entry.failures);
  return std::nullopt;
}

void LoginThrottle::succeeded(std::string_view login) {
  const std::scoped_lock lock(mutex_);
  entries_.erase(to_lower_ascii(login.substr(0, 400)));
}

}  // namespace shoal::api
