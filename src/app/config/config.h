#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/config/stores.h"
#include "base/config/key.h"

namespace shoal::app {

/// Everything shoal.yaml says, typed. The values written here are the defaults; schema.cpp gives
/// each member its key, bounds and description. app turns it into each room's own XConfig. Plain
/// value, any thread.
struct Config {
  struct Listen {
    std::string hostname = "127.0.0.1";
    std::int64_t port = 9000;
  } listen;

  struct Webserver {
    bool https = false;
    std::string hostname = "localhost";
    std::int64_t port = 9000;
    /// Whether the file or the environment says so. Otherwise viewers type what is listened on; see
    /// follow_listen.
    bool hostname_is_given = false;
    bool port_is_given = false;
    /// "https://video.example.org", without the port where it is the scheme's own.
    std::string origin() const;
    /// The same without the scheme.
    std::string host() const;
  } webserver;

  std::vector<std::string> trust_proxy{"loopback"};

  struct Tls {
    std::string certificate_file;
    std::string key_file;
  } tls;

  struct Http {
    ByteCount header_limit = 16_KiB;
    std::int64_t max_headers = 100;
    std::int64_t max_connections = 20'000;
    std::int64_t max_connections_per_client = 1'000;
    Milliseconds header_timeout{15'000};
    Milliseconds idle_timeout{75'000};
    Milliseconds stall_timeout{30'000};
    Milliseconds drain_timeout{20'000};
  } http;

  struct Database {
    std::string engine = "sqlite";
    std::string hostname = "localhost";
    std::int64_t port = 5432;
    bool ssl = false;
    std::string name = "shoal";
    std::string username = "shoal";
    std::string password;
    std::int64_t pool_max = 4;
    Milliseconds busy_timeout{5000};
    std::vector<std::string> replicas;  ///< see database_host.h
    Milliseconds replica_lag{2000};
  } database;

  struct Cluster {
    std::string node_name;    ///< empty: the host's name and the port
    std::string node_region;  ///< empty: none
    std::vector<std::string> node_labels;
    Milliseconds drain_timeout{std::chrono::minutes{15}};
  } cluster;

  /// Of jobs by their kind, which is named without its "video-".
  struct Jobs {
    static constexpr std::array<std::string_view, 10> k_kinds{
        "audio",    "copy",    "encode",  "finish",    "package",
        "pictures", "prepare", "publish", "rendition", "storyboard"};
    static constexpr std::int64_t k_unbounded = 128;  ///< as transcoding.concurrency
    Jobs() { concurrency.fill(k_unbounded); }
    std::array<std::vector<std::string>, k_kinds.size()> needs;
    std::array<std::int64_t, k_kinds.size()> concurrency{};
  } jobs;

  /// Of workers (scaling/fleet). Numbers of money are texts, as stores' prices.
  struct Autoscaler {
    bool enabled = false;
    bool dry_run = false;
    std::string driver = "process";
    std::int64_t min = 0;
    std::int64_t max = 2;
    Milliseconds interval{15'000};
    Milliseconds target_wait{120'000};
    Milliseconds start_time{60'000};
    std::int64_t tolerance_percent = 10;
    Milliseconds up_window{0};
    Milliseconds down_window{300'000};
    std::int64_t reserve_percent = 0;
    std::int64_t reserve_workers = 0;
    std::string cost_per_hour = "0";
    std::string budget_per_hour = "0";
    std::int64_t worker_concurrency = 2;
    Milliseconds worker_drain_timeout{std::chrono::hours{1}};
    std::string process_server;  ///< empty: this one
    std::string exec_script;
    std::string exec_name_prefix;
    Milliseconds exec_time_limit{60'000};
    std::string kubernetes_api = "https://kubernetes.default.svc";
    std::string kubernetes_namespace;  ///< empty: as kubernetes_credentials says
    std::string kubernetes_deployment;
    std::string kubernetes_credentials = "/var/run/secrets/kubernetes.io/serviceaccount";
    Milliseconds kubernetes_time_limit{10'000};
  } autoscaler;

  struct Storage {
    std::string data = "./data";
    std::string web;
    Milliseconds trash_period{std::chrono::hours{24}};
    ByteCount staging_limit = 20_GiB;  ///< 0: none but the disk's
    ByteCount cache_limit{0};          ///< 0: no cache
  } storage;

  /// Every store but k_local_store, ordered by name; those of object_storage among them.
  std::vector<StoreConfig> stores;
  Homes homes;
  ObjectStorage object_storage;

  struct Log {
    std::string level = "info";
    std::string format = "text";
  } log;

  struct RateLimit {
    Milliseconds window{10'000};
    std::int64_t max = 50;
  };
  struct RatesLimit {
    RateLimit api{Milliseconds{10'000}, 50};
    RateLimit login{Milliseconds{300'000}, 15};
    RateLimit signup{Milliseconds{300'000}, 2};
    RateLimit feeds{Milliseconds{10'000}, 50};
    RateLimit receive_client_log{Milliseconds{10'000}, 500};
    RateLimit well_known{Milliseconds{10'000}, 200};
  } rates_limit;

  struct Instance {
    std::string name = "Shoal";
    std::string short_description = "A video platform that scales out.";
    std::string description = "Welcome to this Shoal instance!";
    std::string terms = "No terms for now.";
    std::string code_of_conduct;
    std::string creation_reason;
    std::string moderation_information;
    std::string administrator;
    std::string maintenance_lifetime;
    std::string business_model;
    std::string hardware_information;
    std::vector<std::string> languages;
    std::vector<std::string> categories;
    bool is_nsfw = false;
    std::string default_nsfw_policy = "do_not_list";
    std::string default_client_route = "/videos/trending";
  } instance;

  std::string admin_email = "admin@example.com";

  struct Signup {
    bool enabled = false;
    std::int64_t limit = 10;
    std::int64_t minimum_age = 16;
  } signup;

  struct User {
    config::Quota video_quota;
    config::Quota video_quota_daily;
    std::string default_channel_name = "Main $1 channel";
  } user;

  std::int64_t channels_per_user = 20;

  struct Upload {
    ByteCount max_chunk_size{0};
  } upload;

  struct Transcoding {
    bool enabled = true;
    bool always_original_resolution = true;
    std::int64_t threads = 0;
    std::int64_t concurrency = 2;
    bool keep_original = false;
    bool offer_whole = false;
    Milliseconds runner_patience{60'000};
    std::int64_t max_fps = 60;
    static constexpr std::array<std::int64_t, 8> k_heights{144, 240,  360,  480,
                                                           720, 1080, 1440, 2160};
    /// Which of k_heights are made.
    std::array<bool, 8> resolutions{false, true, true, true, true, true, false, false};
    std::vector<std::int64_t> heights() const;
  } transcoding;

  bool storyboards_enabled = true;

  struct Views {
    Milliseconds watching_interval_anonymous{5000};
    Milliseconds watching_interval_users{5000};
  } views;

  struct Broadcast {
    bool enabled = false;
    std::string message;
    std::string level = "info";
    bool dismissable = false;
  } broadcast;

  struct Metrics {
    bool enabled = true;
    Milliseconds playback_stats_interval{15'000};
  } metrics;
};

}  // namespace shoal::app
