#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "delivery/url_health.h"
#include "io/task.h"
#include "io/task_group.h"
#include "net/http/client.h"

namespace shoal::delivery {

/// One place where the objects of a store are public.
struct BaseUrl {
  std::string url;           ///< "https://cdn.example.org/videos", without '/' at its end
  std::uint32_t weight = 1;  ///< its share among the healthy ones; 0: never chosen
  /// What the health check asks for, a small public object of the store: one that is refused or not
  /// found means that the others are, too. Empty: the base URL itself.
  std::string check_url{};
};

/// A base URL as a choice sees it.
struct WeighedUrl {
  std::uint32_t weight = 1;
  bool is_healthy = false;
};
/// The index of a healthy one, each with a chance as its weight; `random` is uniform over its type.
/// Nothing where none is healthy and has a weight. Pure.
std::optional<std::size_t> choose_url(std::span<const WeighedUrl> urls, std::uint64_t random);

/// The base URLs of one store and whether they answer, which each is asked all the time: only 2xx
/// counts. start() once, stop() before destruction; the rest from any thread.
class BaseUrls {
 public:
  /// `store` names it in metrics and the log. `executor` has one thread.
  BaseUrls(std::string store, std::vector<BaseUrl> urls, const Clock& clock, Metrics& metrics,
           io::Executor executor);

  void start();
  io::Task<> stop() { return checks_.stop(); }

  /// A healthy one, or nothing; lives as long as this. `random` is uniform over its type.
  std::optional<std::string_view> choose(std::uint64_t random) const;
  bool has_healthy() const;

  struct State {
    std::string url;
    std::uint32_t weight = 1;
    bool is_healthy = false;
  };
  /// As they were last found.
  std::vector<State> states() const;

  /// One check of every URL: what start() repeats for each by itself. Errors end in its health.
  io::Task<> check_all();

 private:
  struct Site {
    Site(BaseUrl from, SteadyTime now, Gauge gauge)
        : base(std::move(from)), health(now), healthy_gauge(gauge) {}
    BaseUrl base;
    UrlHealth health;  ///< of the executor's thread
    Gauge healthy_gauge;
    std::atomic<bool> is_healthy = false;
  };
  io::Task<> check(Site& site);
  io::Task<> watch(Site& site);

  const std::string store_;
  const Clock& clock_;
  const net::HttpClient http_;
  std::vector<std::unique_ptr<Site>> sites_;
  io::TaskGroup checks_;
};

}  // namespace shoal::delivery
