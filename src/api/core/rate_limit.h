#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
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
enum class Limit : std::uint8_t {
  none,
  api,
  login,
  signup,
  feeds,
  client,
  well_known,
  late_token,  ///< tokens that are looked up for a client whose window is used up
};
inline constexpr std::size_t k_limit_kinds = 8;

struct RateLimits {
  RateLimit api{50, Milliseconds{10'000}};
  RateLimit login{15, Milliseconds{300'000}};
  RateLimit signup{2, Milliseconds{300'000}};
  RateLimit feeds{50, Milliseconds{10'000}};
  RateLimit client{500, Milliseconds{10'000}};
  RateLimit well_known{200, Milliseconds{10'000}};
  RateLimit late_token{10, Milliseconds{10'000}};
};

/// Counts requests per client address (IPv6: per /64) in fixed windows. Each kind has a bounded
/// table; when it is full, the window that began first goes: who fills it has as many windows of
/// its own, and nobody else pays for them. Any thread.
class RateLimiter {
 public:
  static constexpr std::size_t k_max_clients = 20'000;  ///< of each kind

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
  /// So many nodes, this one among them, answer the same clients: each allows its share, rounded
  /// up. A client whose requests are spread evenly has the limit, and less than one request for
  /// each node beyond it; one that always reaches the same node has a share.
  void share_with(std::int64_t nodes);

 private:
  struct Window {
    SteadyTime ends;
    std::uint32_t used = 0;
    std::list<std::string>::iterator place{};
  };
  /// The windows of a kind are of one length: their order is also that of their ends.
  struct Table {
    std::unordered_map<std::string, Window> windows;
    std::list<std::string> order;
  };
  const RateLimit& limit_of(Limit kind) const;
  static Window& window_of(Table& table, std::string client, SteadyTime now, Milliseconds length);

  /// Of one node; 0: no limit.
  std::uint32_t share_of(std::uint32_t max) const;

  RateLimits limits_;
  std::atomic<std::uint32_t> nodes_{1};
  Clock& clock_;
  Counter refused_metric_;
  Gauge clients_metric_;
  std::mutex mutex_;
  std::array<Table, k_limit_kinds> tables_;
  std::size_t clients_ = 0;
};

/// 429 as recorded: plain text.
net::Response too_many_requests(const RateLimiter::Verdict& verdict);

}  // namespace shoal::api
