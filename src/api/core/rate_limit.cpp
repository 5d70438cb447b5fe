#include "api/core/rate_limit.h"

#include <algorithm>

#include "base/text.h"

namespace shoal::api {
namespace {

/// One home or one server has a whole IPv6 /64: count it as one client.
std::string client_key(Limit kind, std::string_view client) {
  std::string key(1, static_cast<char>('0' + static_cast<int>(kind)));
  if (client.find(':') == std::string_view::npos || client.find('.') != std::string_view::npos) {
    return key.append(client);
  }
  const std::size_t gap = client.find("::");
  std::size_t end = 0;
  for (int groups = 0; groups < 4 && end != std::string_view::npos; ++groups) {
    end = client.find(':', end == 0 ? 0 : end + 1);
  }
  return key.append(client.substr(0, std::min({gap, end, client.size()})));
}

}  // namespace

RateLimiter::RateLimiter(RateLimits limits, Clock& clock, Metrics& metrics)
    : limits_(limits),
      clock_(clock),
      refused_metric_(metrics.counter("shoal_rate_limited_total",
                                      "Requests refused because their client asks too often")),
      clients_metric_(metrics.gauge("shoal_rate_limit_clients",
                                    "Windows in the rate limiter's table (at most 50000)")) {}

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
  }
  return k_none;
}

void RateLimiter::make_room(SteadyTime now) {
  // At most one sweep a second: a flood of addresses must not make each request a scan.
  if (windows_.size() < k_max_clients || now < next_sweep_) return;
  next_sweep_ = now + Seconds{1};
  std::erase_if(windows_, [&](const auto& entry) { return entry.second.ends <= now; });
}

RateLimiter::Verdict RateLimiter::count(Limit kind, std::string_view client) {
  const RateLimit& limit = limit_of(kind);
  Verdict verdict;
  if (limit.max == 0) return verdict;
  const SteadyTime now = clock_.steady_now();
  const UtcTime wall = clock_.now();
  std::string key = client_key(kind, client);
  std::uint32_t used = 0;
  SteadyTime ends;
  {
    const std::scoped_lock lock(mutex_);
    auto found = windows_.find(key);
    if (found == windows_.end()) {
      make_room(now);
      if (windows_.size() >= k_max_clients) key.resize(1);
      found = windows_.try_emplace(std::move(key)).first;
    }
    Window& window = found->second;
    if (window.ends <= now) window = {now + limit.window, 0};
    window.used += window.used <= limit.max ? 1 : 0;
    used = window.used;
    ends = window.ends;
    clients_metric_.set(static_cast<double>(windows_.size()));
  }
  const auto left = std::chrono::ceil<Seconds>(ends - now);
  verdict.limited = true;
  verdict.allowed = used <= limit.max;
  verdict.limit = limit.max;
  verdict.remaining = limit.max - std::min(used, limit.max);
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
