#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace shoal::api {

/// Slows down guessing at one account from many addresses: after k_free failures in a row each next
/// try waits twice as long, up to k_longest (short enough that nobody can lock an owner out for
/// long). Bounded; unknown names count too, so that an answer does not tell which exist. Any
/// thread.
class LoginThrottle {
 public:
  static constexpr std::uint32_t k_free = 5;
  static constexpr Seconds k_longest{60};
  static constexpr std::size_t k_limit = 10'000;

  explicit LoginThrottle(Clock& clock) : clock_(clock) {}

  /// How long this login must still wait, or nothing. Counts as a try that has failed until
  /// succeeded() is called: tries at the same moment do not slip through together.
  std::optional<Seconds> try_login(std::string_view login);
  void succeeded(std::string_view login);

 private:
  struct Entry {
    std::uint32_t failures = 0;
    SteadyTime not_before{};
    SteadyTime last{};
  };
  void make_room(SteadyTime now);

  Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace shoal::api
