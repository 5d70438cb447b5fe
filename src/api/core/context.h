#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "api/accounts/login_throttle.h"
#include "api/core/caller.h"
#include "api/core/guess_throttle.h"
#include "api/core/rate_limit.h"
#include "api/core/response_cache.h"
#include "api/instance/rate_sampler.h"
#include "api/pages/web_client.h"
#include "api/storage/store_rates.h"
#include "base/clock.h"
#include "base/machine_labels.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/units.h"
#include "catalog/instance.h"
#include "catalog/settings.h"
#include "catalog/totals_cache.h"
#include "catalog/views.h"
#include "db/database.h"
#include "io/offload.h"
#include "jobs/progress.h"

namespace shoal::api {

struct RunnerServices;
struct StorageServices;
struct VideoServices;

/// What the resources need to know of the configuration; app fills it in.
struct ApiConfig {
  std::string origin =
      "http://localhost:9000";          ///< webserver: scheme and host, no slash at the end
  std::string host = "localhost:9000";  ///< the same without the scheme
  RateLimits rate_limits;
  catalog::InstanceIdentity identity;
  /// What an administrator may change at run time starts from these.
  catalog::RuntimeSettings defaults;
  /// The built web client (web/dist), or empty: no pages are served.
  std::string web_folder;
  std::string data_folder;  ///< for the disk figures of the overview
  bool metrics_enabled = true;
  bool autoscaler_enabled = false;
  /// Labels that kinds of jobs need.
  std::map<std::string, MachineLabels, std::less<>> job_needs;
  /// The most that one PUT of a resumable upload should carry; 0 leaves it to the client.
  ByteCount max_chunk_size{0};
  /// How often players report that they play, and how well.
  Milliseconds watching_interval_anonymous{5'000};
  Milliseconds watching_interval_users{5'000};
  Milliseconds playback_stats_interval{15'000};
};

/// Everything a handler works with, for the program's life. References outlive it; caches are its
/// own. A feature that a resource needs is one more member here, set by app. Any thread.
struct Context {
  struct Services {
    db::Database& database;
    Clock& clock;
    Random& random;
    Metrics& metrics;
    /// Few threads: argon2 costs 19 MiB and 30 ms each.
    io::Offload& passwords;
  };
  Context(ApiConfig api_config, Services services);

  const ApiConfig config;
  db::Database& database;
  Clock& clock;
  Random& random;
  Metrics& metrics;
  io::Offload& passwords;

  catalog::SettingsCache settings;
  catalog::TotalsCache totals;
  Callers callers;
  RateLimiter rate_limiter;
  LoginThrottle login_throttle;
  /// Guesses at passwords of videos, per video and client.
  GuessThrottle video_guesses;
  ResponseCache responses;
  catalog::ViewCounter views;
  /// Set by app before the first request; without it there is no upload and no progress.
  VideoServices* video_services = nullptr;
  /// Of the jobs that run on this node; set by app where there is a worker.
  const jobs::Progress* job_progress = nullptr;
  /// Set by app before the first request; without it no machine elsewhere gets jobs.
  RunnerServices* runner_services = nullptr;
  /// Set by app before the first request; without it there is no list of stores.
  const StorageServices* storage_services = nullptr;
  /// Set by app: this node wants no more requests (/readyz).
  std::atomic<bool> is_draining{false};
  RateSampler rates;
  StoreRates store_rates;
  /// One torrent at a time is made on this node.
  std::atomic<bool> torrent_is_made{false};
  const WebClient web;
  /// When the figures of /metrics were read last, and the queues they named.
  struct Scraped {
    std::mutex mutex;
    std::optional<SteadyTime> at;
    std::map<std::pair<std::string, std::string>, bool> queues;
  } scraped;
  const UtcTime started_at;
};

}  // namespace shoal::api
