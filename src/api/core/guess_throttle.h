#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace shoal::api {

/// Slows down guessing: after some failures in a row under one key each next try waits twice as
/// long as the one before, up to a bound. Bounded; the key that was tried least lately is forgotten
/// first. Any thread.
class GuessThrottle {
 public:
  struct Rules {
    std::uint32_t free = 5;  ///< failures without a wait
    Seconds longest{60};
    Seconds memory{900};  ///< without a try for this long the failures are forgotten
    std::size_t keys = 10'000;
  };
  GuessThrottle(Rules rules, const Clock& clock) : rules_(rules), clock_(clock) {}

  /// How long this key must still wait, or nothing.
  std::optional<Seconds> wait(const std::string& key);
  /// Counts a failure.
  void failed(const std::string& key);
  void succeeded(const std::string& key);

 private:
  struct Entry {
    std::string key;
    std::uint32_t failures = 0;
    SteadyTime last{};
  };
  using Order = std::list<Entry>;  // tried lately first
  /// The failures that still count, or null.
  Entry* find(const std::string& key);

  const Rules rules_;
  const Clock& clock_;
  std::mutex mutex_;
  Order order_;
  std::unordered_map<std::string, Order::iterator> index_;
};

}  // namespace shoal::api
