#include "delivery/base_urls.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/log.h"

namespace shoal::delivery {
namespace {

constexpr Milliseconds k_deadline{2'000};

}  // namespace

std::optional<std::size_t> choose_url(std::span<const WeighedUrl> urls, std::uint64_t random) {
  std::uint64_t total = 0;
  for (const WeighedUrl& url : urls) total += url.is_healthy ? url.weight : 0;
  if (total == 0) return std::nullopt;
  std::uint64_t left = random % total;
  for (std::size_t i = 0; i < urls.size(); ++i) {
    const std::uint64_t share = urls[i].is_healthy ? urls[i].weight : 0;
    if (left < share) return i;
    left -= share;
  }
  return std::nullopt;
}

BaseUrls::BaseUrls(std::string store, std::vector<BaseUrl> urls, const Clock& clock,
                   Metrics& metrics, io::Executor executor)
    : store_(std::move(store)),
      clock_(clock),
      http_({.connect_timeout = k_deadline, .stall_timeout = k_deadline}),
      checks_(std::move(executor), "base URL checks") {
  for (BaseUrl& url : urls) {
    const Gauge gauge =
        metrics.gauge("shoal_base_url_healthy", "1 where viewers are sent to this base URL, else 0",
                      {{"store", store_}, {"url", url.url}});
    gauge.set(0);
    sites_.push_back(std::make_unique<Site>(std::move(url), clock_.steady_now(), gauge));
  }
}

void BaseUrls::start() {
  for (const auto& site : sites_) checks_.spawn(watch(*site));
}

std::optional<std::string_view> BaseUrls::choose(std::uint64_t random) const {
  std::vector<WeighedUrl> urls;
  urls.reserve(sites_.size());
  for (const auto& site : sites_) urls.push_back({site->base.weight, site->is_healthy.load()});
  const auto chosen = choose_url(urls, random);
  if (!chosen) return std::nullopt;
  return sites_[*chosen]->base.url;
}

bool BaseUrls::has_healthy() const {
  return choose(0).has_value();
}

std::vector<BaseUrls::State> BaseUrls::states() const {
  std::vector<State> states;
  states.reserve(sites_.size());
  for (const auto& site : sites_)
    states.push_back({site->base.url, site->base.weight, site->is_healthy.load()});
  return states;
}

io::Task<> BaseUrls::check(Site& site) {
  const std::string& url = site.base.check_url.empty() ? site.base.url : site.base.check_url;
  const auto answer = co_await http_.send({.method = "HEAD", .url = url, .deadline = k_deadline});
  const bool is_alive = answer && answer->status >= 200 && answer->status < 300;
  site.health.record(is_alive, clock_.steady_now());
  const bool is_healthy = site.health.is_healthy();
  if (site.is_healthy.exchange(is_healthy) == is_healthy) co_return;
  site.healthy_gauge.set(is_healthy ? 1 : 0);
  if (is_healthy) {
    log::info("a base URL answers", {{"store", store_}, {"url", site.base.url}});
  } else {
    log::warn(
        "a base URL does not give what is public: nobody is sent there",
        {{"store", store_},
         {"url", site.base.url},
         {"reason", answer ? fmt::format("status {}", answer->status) : answer.error().message}});
  }
}

io::Task<> BaseUrls::check_all() {
  for (const auto& site : sites_) co_await check(*site);
}

io::Task<> BaseUrls::watch(Site& site) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  for (;;) {
    co_await check(site);
    timer.expires_after(site.health.next_check() - clock_.steady_now());
    co_await timer.async_wait(io::use_awaitable);
  }
}

}  // namespace shoal::delivery
