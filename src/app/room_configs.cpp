#include "app/room_configs.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "app/config/database_host.h"
#include "app/web_folder.h"
#include "base/machine_labels.h"
#include "base/text.h"

namespace shoal::app {
namespace {

Seconds seconds(Milliseconds time) {
  return std::chrono::ceil<Seconds>(time);
}

api::RateLimit limit(const Config::RateLimit& from) {
  return {static_cast<std::uint32_t>(from.max), from.window};
}

std::string queue_kind(std::string_view kind) {
  return fmt::format("video-{}", kind);
}

/// A libpq keyword/value string (PostgreSQL documentation, 34.1.1.1). A server that vanished
/// (power, cable) is noticed within some 20 s, not after TCP's quarter of an hour.
std::string connection_string(const Config::Database& database) {
  const auto quoted = [](std::string_view value) {
    std::string out = "'";
    for (const char c : value) {
      if (c == '\'' || c == '\\') out.push_back('\\');
      out.push_back(c);
    }
    return out + "'";
  };
  return fmt::format(
      "host={} port={} dbname={} user={} password={} sslmode={} "
      "connect_timeout=5 keepalives=1 keepalives_idle=10 keepalives_interval=5 "
      "keepalives_count=2 tcp_user_timeout=20000 application_name=shoal",
      quoted(database.hostname), database.port, quoted(database.name), quoted(database.username),
      quoted(database.password), database.ssl ? "require" : "prefer");
}

std::vector<db::DatabaseConfig::Replica> replicas_of(const Config::Database& primary) {
  std::vector<db::DatabaseConfig::Replica> replicas;
  replicas.reserve(primary.replicas.size());
  for (const std::string& name : primary.replicas) {
    const auto host = parse_database_host(name);
    if (!host) continue;  // the schema refused it
    Config::Database replica = primary;
    replica.hostname = host->host;
    replica.port = host->port.value_or(primary.port);
    replicas.push_back({name, connection_string(replica)});
  }
  return replicas;
}

}  // namespace

net::ServerConfig server_config(const Config& config) {
  net::ServerConfig out;
  out.address = config.listen.hostname;
  out.port = static_cast<std::uint16_t>(config.listen.port);
  out.header_limit = config.http.header_limit;
  out.max_headers = static_cast<std::size_t>(config.http.max_headers);
  out.max_connections = static_cast<std::size_t>(config.http.max_connections);
  out.max_connections_per_client = static_cast<std::size_t>(config.http.max_connections_per_client);
  out.header_timeout = seconds(config.http.header_timeout);
  out.idle_timeout = seconds(config.http.idle_timeout);
  out.stall_timeout = seconds(config.http.stall_timeout);
  out.drain_timeout = seconds(config.http.drain_timeout);
  out.trust_proxy = config.trust_proxy;
  if (!config.tls.certificate_file.empty())
    out.tls = net::ServerConfig::Tls{config.tls.certificate_file, config.tls.key_file};
  return out;
}

db::DatabaseConfig database_config(const Config& config, const std::filesystem::path& data) {
  db::DatabaseConfig out;
  out.engine = config.database.engine == "postgresql" ? db::Engine::postgresql : db::Engine::sqlite;
  out.sqlite_path = (data / DataDirectory::k_database).string();
  if (out.engine == db::Engine::postgresql) {
    out.postgresql_url = connection_string(config.database);
    out.replicas = replicas_of(config.database);
  }
  out.longest_replica_lag = config.database.replica_lag;
  out.readers = static_cast<std::size_t>(config.database.pool_max);
  out.busy_timeout = config.database.busy_timeout;
  return out;
}

catalog::RuntimeSettings runtime_defaults(const Config& config) {
  catalog::RuntimeSettings out;
  const Config::Instance& from = config.instance;
  out.instance = {.name = from.name,
                  .short_description = from.short_description,
                  .description = from.description,
                  .terms = from.terms,
                  .code_of_conduct = from.code_of_conduct,
                  .creation_reason = from.creation_reason,
                  .moderation_information = from.moderation_information,
                  .administrator = from.administrator,
                  .maintenance_lifetime = from.maintenance_lifetime,
                  .business_model = from.business_model,
                  .hardware_information = from.hardware_information,
                  .languages = from.languages,
                  .categories = {},
                  .is_nsfw = from.is_nsfw,
                  .default_nsfw_policy = from.default_nsfw_policy,
                  .default_client_route = from.default_client_route};
  for (const std::string& category : from.categories)
    if (const auto number = parse_int(category)) out.instance.categories.push_back(*number);
  out.signup = {config.signup.enabled, config.signup.limit, config.signup.minimum_age};
  out.user = {config.user.video_quota.bytes, config.user.video_quota_daily.bytes,
              config.user.default_channel_name};
  out.channels_per_user = config.channels_per_user;
  out.transcoding = {config.transcoding.enabled, config.transcoding.always_original_resolution,
                     config.transcoding.max_fps, config.transcoding.heights()};
  out.storyboards_enabled = config.storyboards_enabled;
  out.broadcast = {config.broadcast.enabled, config.broadcast.message, config.broadcast.level,
                   config.broadcast.dismissable};
  out.admin_email = config.admin_email;
  return out;
}

processing::PlanConfig plan_config(const Config& config, const catalog::RuntimeSettings& settings) {
  processing::PlanConfig out;
  const auto& wanted = settings.transcoding;
  out.ladder.resolutions.assign(wanted.resolutions.begin(), wanted.resolutions.end());
  out.ladder.always_original = wanted.always_original_resolution;
  out.ladder.max_fps = static_cast<std::uint32_t>(wanted.max_fps);
  out.threads = static_cast<int>(config.transcoding.threads);
  out.offer_whole = config.transcoding.offer_whole;
  return out;
}

runners::KindNeeds job_needs(const Config& config) {
  runners::KindNeeds needs;
  for (std::size_t i = 0; i < Config::Jobs::k_kinds.size(); ++i) {
    if (!config.jobs.needs[i].empty())
      needs.emplace(queue_kind(Config::Jobs::k_kinds[i]), ordered(config.jobs.needs[i]));
  }
  return needs;
}

processing::PipelineConfig pipeline_config(const Config& config, const DataDirectory& directory) {
  processing::PipelineConfig out;
  out.scratch = directory.work();
  // Somebody has to probe, cut and publish what the workers encode.
  constexpr std::int64_t k_light_jobs = 2;
  out.encodes = config.transcoding.concurrency > 0;
  out.concurrency =
      static_cast<std::size_t>(out.encodes ? config.transcoding.concurrency : k_light_jobs);
  const MachineLabels labels = ordered(config.cluster.node_labels);
  for (const auto& [kind, needed] : job_needs(config))
    if (!has_all(labels, needed)) out.left_to_others.insert(kind);
  for (std::size_t i = 0; i < Config::Jobs::k_kinds.size(); ++i)
    out.limits.emplace(queue_kind(Config::Jobs::k_kinds[i]),
                       static_cast<std::size_t>(config.jobs.concurrency[i]));
  out.keep_original = config.transcoding.keep_original;
  out.runner_patience = std::chrono::ceil<Seconds>(config.transcoding.runner_patience);
  out.trash_for = config.storage.trash_period;
  return out;
}

api::ApiConfig api_config(const Config& config, const DataDirectory& directory) {
  api::ApiConfig out;
  out.origin = config.webserver.origin();
  out.host = config.webserver.host();
  out.rate_limits = {.api = limit(config.rates_limit.api),
                     .login = limit(config.rates_limit.login),
                     .signup = limit(config.rates_limit.signup),
                     .feeds = limit(config.rates_limit.feeds),
                     .client = limit(config.rates_limit.receive_client_log),
                     .well_known = limit(config.rates_limit.well_known)};
  out.defaults = runtime_defaults(config);
  out.web_folder = config.storage.web.empty() ? find_web_folder() : config.storage.web;
  out.data_folder = directory.root().string();
  out.metrics_enabled = config.metrics.enabled;
  out.job_needs = job_needs(config);
  out.autoscaler_enabled = config.autoscaler.enabled;
  out.max_chunk_size = config.upload.max_chunk_size;
  out.watching_interval_anonymous = config.views.watching_interval_anonymous;
  out.watching_interval_users = config.views.watching_interval_users;
  out.playback_stats_interval = config.metrics.playback_stats_interval;
  return out;
}

}  // namespace shoal::app
