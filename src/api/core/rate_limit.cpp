#include "api/core/rate_limit.h"

#include <algorithm>

#include "base/text.h"
#include "net/address.h"

namespace shoal::api {
RateLimiter::RateLimiter(RateLimits limits, Clock& clock, Metrics& metrics)
    : limits_(limits),
      clock_(clock),
      refused_metric_(metrics.counter("shoal_rate_limited_total",
                                      "Requests refused because their client asks too often")),
      clients_metric_(
          metrics.gauge("shoal_rate_limit_clients",
                        "Windows in the rate limiter's tables (at most 20000 of each kind)")) {}

const RateLimit& RateLimiter::limit_of(Limit kind) const {
  static constexpr RateLimit k_none;
  switch (kind) {
    case Limit::none:
      return k_none;
    case Limit::api:
      return limits_.api;
    case Limit::login:
      return limits_.login;
    case Limit::signup:
      return limits_.signup;
    case Limit::feeds:
      return limits_.feeds;
    case Limit::client:
      return limits_.client;
    case Limit::well_known:
      return limits_.well_known;
    case Limit::late_token:
      return limits_.late_token;
  }
  return k_none;
}

void RateLimiter::share_with(std::int64_t nodes) {
  nodes_ = static_cast<std::uint32_t>(std::clamp<std::int64_t>(nodes, 1, 100'000));
}

std::uint32_t RateLimiter::share_of(std::uint32_t max) const {
  const std::uint32_t nodes = nodes_;
  return max / nodes + (max % nodes == 0 ? 0 : 1);
}

RateLimiter::Window& RateLimiter::window_of(Table& table, std::string client, SteadyTime now,
                                            Milliseconds length) {
  const auto known = table.windows.find(client);
  if (known != table.windows.end()) {
    Window& window = known->second;
    if (window.ends > now) return window;
    table.order.splice(table.order.end(), table.order, window.place);
    window.ends = now + length;
    window.used = 0;
    return window;
  }
  if (table.windows.size() >= k_max_clients) {
    table.windows.erase(table.order.front());
    table.order.pop_front();
  }
  const auto place = table.order.insert(table.order.end(), client);
  return table.windows.emplace(std::move(client), Window{now + length, 0, place}).first->second;
}

RateLimiter::Verdict RateLimiter::count(Limit kind, std::string_view client) {
  const RateLimit& limit = limit_of(kind);
  Verdict verdict;
  const std::uint32_t max = share_of(limit.max);
  if (max == 0) return verdict;
  const SteadyTime now = clock_.steady_now();
  const UtcTime wall = clock_.now();
  std::string network = net::client_network(client);
  std::uint32_t used = 0;
  SteadyTime ends;
  {
    const std::scoped_lock lock(mutex_);
    Table& table = tables_.at(static_cast<std::size_t>(kind));
    const std::size_t before = table.windows.size();
    Window& window = window_of(table, std::move(network), now, limit.window);
    window.used += window.used <= max ? 1 : 0;
    used = window.used;
    ends = window.ends;
    clients_ += table.windows.size() - before;
    clients_metric_.set(static_cast<double>(clients_));
  }
  const auto left = std::chrono::ceil<Seconds>(ends - now);
  verdict.limited = true;
  verdict.allowed = used <= max;
  verdict.limit = max;
  verdict.remaining = max - std::min(used, max);
  verdict.reset = wall + std::chrono::ceil<Milliseconds>(ends - now);
  verdict.retry_after = left;
  if (!verdict.allowed) refused_metric_.add();
  return verdict;
}

void RateLimiter::Verdict::add_headers(net::Headers& headers) const {
  if (!limited) return;
  headers.set("X-RateLimit-Limit", std::to_string(limit));
  headers.set("X-RateLimit-Remaining", std::to_string(remaining));
  headers.set("X-RateLimit-Reset",
              std::to_string(std::chrono::ceil<Seconds>(reset.time_since_epoch()).count()));
  if (!allowed) headers.set("Retry-After", std::to_string(retry_after.count()));
}

net::Response too_many_requests(const RateLimiter::Verdict& verdict) {
  net::Response response = net::Response::text(429, "Too many requests, please try again later.",
                                               "text/plain; charset=utf-8");
  verdict.add_headers(response.headers);
  return response;
}

}  // namespace shoal::api
