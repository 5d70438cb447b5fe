#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/metrics.h"
#include "net/http/message.h"

namespace shoal::api {

/// At most `max` requests of one client per `window`, as PeerTube's `rates_limit`. max 0: no limit.
struct RateLimit {
  std::uint32_t max = 0;
  Milliseconds window{10'000};
};

/// Which window a route counts in.
enum class Limit : std::uint8_t { none, api, login, signup, feeds, client, well_known };
inline constexpr std::size_t k_limit_kinds = 7;

struct RateLimits {
  RateLimit api{50, Milliseconds{10'000}};
  RateLimit login{15, Milliseconds{300'000}};
  RateLimit signup{2, Milliseconds{300'000}};
  RateLimit feeds{50, Milliseconds{10'000}};
  RateLimit client{500, Milliseconds{10'000}};
  RateLimit well_known{200, Milliseconds{10'000}};
};

/// Counts requests per client address (IPv6: per /64) in fixed windows. The table is bounded; when
/// it is full, clients whose window has ended are dropped first, then new ones share one window.
/// Any thread.
class RateLimiter {
 public:
  static constexpr std::size_t k_max_clients = 50'000;

  RateLimiter(RateLimits limits, Clock& clock, Metrics& metrics);

  struct Verdict {
    bool limited = false;  ///< whether the kind has a limit at all
    bool allowed = true;
    std::uint32_t limit = 0;
    std::uint32_t remaining = 0;
    UtcTime reset{};
    Seconds retry_after{0};
    void add_headers(net::Headers& headers) const;
  };
  Verdict count(Limit kind, std::string_view client);

 private:
  struct Window {
    SteadyTime ends;
    std::uint32_t used = 0;
  };
  const RateLimit& limit_of(Limit kind) const;
  void make_room(SteadyTime now);

  RateLimits limits_;
  Clock& clock_;
  Counter refused_metric_;
  Gauge clients_metric_;
  std::mutex mutex_;
  std::unordered_map<std::string, Window> windows_;
  SteadyTime next_sweep_{};
};

/// 429 as recorded: plain text.
net::Response too_many_requests(const RateLimiter::Verdict& verdict);

}  // namespace shoal::api
