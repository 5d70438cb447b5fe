#include "app/config/schema.h"

#include <fmt/format.h>

#include "app/config/autoscaler_schema.h"
#include "app/config/database_host.h"
#include "app/config/jobs_schema.h"
#include "app/config/store_schema.h"
#include "app/config/text_checks.h"
#include "base/machine_labels.h"

namespace shoal::app {
namespace {

constexpr std::int64_t k_second = 1'000;
constexpr std::int64_t k_minute = 60 * k_second;
constexpr std::int64_t k_hour = 60 * k_minute;
constexpr std::int64_t k_day = 24 * k_hour;
constexpr std::int64_t k_kib = 1024;
constexpr std::int64_t k_mib = 1024 * k_kib;
constexpr std::int64_t k_tib = k_mib * k_mib;

void describe_server(config::Schema& s, Config& c) {
  s.add("listen.hostname", c.listen.hostname,
        "Address the server listens on: an IP address; 0.0.0.0 or :: for all.")
      .checked_by(check_address);
  s.add("listen.port", c.listen.port, "Port the server listens on; 0 picks a free one.")
      .range(0, 65535);
  s.add("webserver.https", c.webserver.https,
        "Whether viewers reach the site by https (through the proxy, or by tls below).");
  s.add("webserver.hostname", c.webserver.hostname,
        "Host name viewers type. It is part of every video's address: choose it once.")
      .checked_by(check_host_name);
  s.add("webserver.port", c.webserver.port, "Port viewers see.").range(1, 65535);
  s.add("trust_proxy", c.trust_proxy,
        "Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: IP addresses, CIDR "
        "ranges, or loopback, linklocal, uniquelocal.")
      .checked_by(check_proxy);
  s.add("tls.certificate_file", c.tls.certificate_file,
        "PEM file with the certificate chain; with it the server speaks TLS itself. Read again on "
        "SIGHUP.");
  s.add("tls.key_file", c.tls.key_file, "PEM file with the certificate's private key.");

  s.add("http.header_limit", c.http.header_limit, "Largest request line and headers together.")
      .range(k_kib, k_mib);
  s.add("http.max_headers", c.http.max_headers, "Most header fields of one request.")
      .range(10, 1000);
  s.add("http.max_connections", c.http.max_connections, "Most connections at once.")
      .range(10, 1'000'000);
  s.add("http.max_connections_per_client", c.http.max_connections_per_client,
        "Most connections of one address at once; proxies of trust_proxy do not count.")
      .range(1, 1'000'000);
  s.add("http.header_timeout", c.http.header_timeout, "Longest wait for a request's headers.")
      .range(k_second, k_hour);
  s.add("http.idle_timeout", c.http.idle_timeout, "How long an idle connection is kept.")
      .range(k_second, k_hour);
  s.add("http.stall_timeout", c.http.stall_timeout,
        "A peer that neither takes nor gives bytes for so long is closed.")
      .range(k_second, k_hour);
  s.add("http.drain_timeout", c.http.drain_timeout,
        "How long a stopping server lets running answers finish.")
      .range(0, k_hour);
}

void describe_limit(config::Schema& s, std::string_view name, Config::RateLimit& limit,
                    std::string_view what) {
  s.add(fmt::format("rates_limit.{}.window", name), limit.window,
        fmt::format("Window of the limit on {}.", what))
      .range(k_second, k_day);
  s.add(fmt::format("rates_limit.{}.max", name), limit.max,
        fmt::format("Most {} of one address in a window; 0 for no limit.", what))
      .range(0, 1'000'000);
}

void describe_rate_limits(config::Schema& s, Config& c) {
  describe_limit(s, "api", c.rates_limit.api, "API requests");
  describe_limit(s, "login", c.rates_limit.login, "log-ins");
  describe_limit(s, "signup", c.rates_limit.signup, "registrations");
  describe_limit(s, "feeds", c.rates_limit.feeds, "feed requests");
  describe_limit(s, "receive_client_log", c.rates_limit.receive_client_log, "client log entries");
  describe_limit(s, "well_known", c.rates_limit.well_known, "requests below /.well-known");
}

void describe_keeping(config::Schema& s, Config& c) {
  s.add("database.engine", c.database.engine,
        "sqlite keeps the catalogue in the data folder; postgresql needs a server, version 15.")
      .one_of({"sqlite", "postgresql"});
  s.add("database.hostname", c.database.hostname, "PostgreSQL: host, or the socket's folder.");
  s.add("database.port", c.database.port, "PostgreSQL: port.").range(1, 65535);
  s.add("database.ssl", c.database.ssl, "PostgreSQL: insist on TLS.");
  s.add("database.name", c.database.name, "PostgreSQL: database.").checked_by(check_not_empty);
  s.add("database.username", c.database.username, "PostgreSQL: user.").checked_by(check_not_empty);
  s.add("database.password", c.database.password, "PostgreSQL: password.").secret();
  s.add("database.pool.max", c.database.pool_max,
        "Connections: for reading (SQLite); in all, but for two that tell others of this node and "
        "hear of them (PostgreSQL).")
      .range(1, 100);
  s.add("database.busy_timeout", c.database.busy_timeout,
        "Longest wait of a SQLite transaction for the writer's lock.")
      .range(100, k_minute);
  s.add("database.replicas", c.database.replicas,
        "PostgreSQL: hot standbys that public lists are read from, as HOST or HOST:PORT; name, "
        "user and password are the primary's.")
      .checked_by(check_database_host);
  s.add("database.replica_lag", c.database.replica_lag,
        "A replica that is further behind is not read from.")
      .range(100, k_minute);
  s.add(
       "cluster.node.name", c.cluster.node_name,
       "What this node is called among those that share its PostgreSQL database; empty: the host's "
       "name and the port.")
      .checked_by(check_label);
  s.add("cluster.node.region", c.cluster.node_region,
        "Where this node is, a word of your own; empty: not said.")
      .checked_by(check_label);
  s.add("cluster.node.labels", c.cluster.node_labels,
        "What this node has that some kinds of jobs need (jobs.needs): words of your own, such as "
        "gpu or region:eu.")
      .checked_by(check_machine_label);
  s.add("cluster.drain_timeout", c.cluster.drain_timeout,
        "How long a node that is drained lets its jobs run before it hands them over.")
      .range(0, k_day);
  describe_jobs(s, c.jobs);
  describe_autoscaler(s, c.autoscaler);
  s.add("storage.data", c.storage.data,
        "Folder of everything Shoal keeps; `shoal serve --data` overrides it.")
      .checked_by(check_not_empty);
  s.add("storage.web", c.storage.web,
        "Folder of the built web client; empty: where the package or the build put it.");
  s.add("storage.trash_period", c.storage.trash_period,
        "How long the files of what was deleted or replaced are kept before they go; a backup must "
        "not take longer.")
      .range(k_hour, 365 * k_day);
  s.add("storage.staging_limit", c.storage.staging_limit,
        "Most bytes of uploads and running work that wait on the local disk for their store; new "
        "uploads are refused (507) beyond. 0: as the disk holds.")
      .range(0, 1024 * k_tib);
  s.add("storage.cache_limit", c.storage.cache_limit,
        "Most bytes of other stores' media that are also kept below the data folder, of what "
        "viewers get through this server; 1 GiB of that disk is always left free. 0: none.")
      .range(0, 1024 * k_tib);
  describe_stores(s, c);
  s.add("log.level", c.log.level, "Least severe lines that are written.")
      .one_of({"debug", "info", "warn", "error"});
  s.add("log.format", c.log.format, "Lines for people, or one JSON object each.")
      .one_of({"text", "json"});
  s.add("open_telemetry.metrics.enabled", c.metrics.enabled,
        "Whether /metrics answers and players' playback metrics are taken.");
  s.add("open_telemetry.metrics.playback_stats_interval", c.metrics.playback_stats_interval,
        "How often a player sends its playback metrics.")
      .range(k_second, k_hour);
}

void describe_instance(config::Schema& s, Config& c) {
  auto& i = c.instance;
  s.add("instance.name", i.name, "Name of the site.").checked_by(check_not_empty).runtime();
  s.add("instance.short_description", i.short_description, "One sentence.").runtime();
  s.add("instance.description", i.description, "Markdown of the about page.").runtime();
  s.add("instance.terms", i.terms, "Terms of use, Markdown.").runtime();
  s.add("instance.code_of_conduct", i.code_of_conduct, "Markdown.").runtime();
  s.add("instance.creation_reason", i.creation_reason, "Why the site exists.").runtime();
  s.add("instance.moderation_information", i.moderation_information, "Who moderates, how.")
      .runtime();
  s.add("instance.administrator", i.administrator, "Who runs the site.").runtime();
  s.add("instance.maintenance_lifetime", i.maintenance_lifetime, "How long it will run.").runtime();
  s.add("instance.business_model", i.business_model, "How it is paid for.").runtime();
  s.add("instance.hardware_information", i.hardware_information, "What it runs on.").runtime();
  s.add("instance.languages", i.languages, "Main languages, as ISO 639 codes.").runtime();
  s.add("instance.categories", i.categories, "Main categories, as their numbers.")
      .checked_by(check_number)
      .runtime();
  s.add("instance.is_nsfw", i.is_nsfw, "Whether the site is for sensitive content.").runtime();
  s.add("instance.default_nsfw_policy", i.default_nsfw_policy,
        "What is done with sensitive videos for who has not chosen.")
      .one_of({"do_not_list", "blur", "display"})
      .runtime();
  s.add("instance.default_client_route", i.default_client_route, "First page of the web client.")
      .checked_by(check_route)
      .runtime();
  s.add("admin.email", c.admin_email, "Where the site's administrator is reached.")
      .checked_by(check_email)
      .runtime();
  s.add("broadcast_message.enabled", c.broadcast.enabled, "Show a message on every page.")
      .runtime();
  s.add("broadcast_message.message", c.broadcast.message, "The message, Markdown.").runtime();
  s.add("broadcast_message.level", c.broadcast.level, "Its colour.")
      .one_of({"info", "warning", "error"})
      .runtime();
  s.add("broadcast_message.dismissable", c.broadcast.dismissable, "Whether it can be closed.")
      .runtime();
}

void describe_users(config::Schema& s, Config& c) {
  s.add("signup.enabled", c.signup.enabled, "Whether strangers can register.").runtime();
  s.add("signup.limit", c.signup.limit, "Most users there may be by registration; -1: no limit.")
      .range(-1, 1'000'000'000)
      .runtime();
  s.add("signup.minimum_age", c.signup.minimum_age, "Least age, shown on the form.")
      .range(0, 130)
      .runtime();
  s.add("user.video_quota", c.user.video_quota, "Bytes a new user may keep in all.")
      .range(0, 1024 * k_tib)
      .runtime();
  s.add("user.video_quota_daily", c.user.video_quota_daily, "Bytes a new user may upload in 24 h.")
      .range(0, 1024 * k_tib)
      .runtime();
  s.add("user.default_channel_name", c.user.default_channel_name,
        "Name of a new user's channel; $1 is the user's name.")
      .checked_by(check_not_empty)
      .runtime();
  s.add("video_channels.max_per_user", c.channels_per_user, "Most channels of one user.")
      .range(1, 1000)
      .runtime();
}

void describe_videos(config::Schema& s, Config& c) {
  auto& t = c.transcoding;
  s.add("client.videos.resumable_upload.max_chunk_size", c.upload.max_chunk_size,
        "Largest piece the web client sends at once, for proxies that limit bodies; 0: it chooses.")
      .range(0, 1024 * k_mib);
  s.add("transcoding.enabled", t.enabled,
        "Whether uploads are transcoded; off, only what browsers play as it is becomes playable.")
      .runtime();
  s.add("transcoding.threads", t.threads, "Threads of one ffmpeg; 0: as many as are useful.")
      .range(0, 128);
  s.add("transcoding.concurrency", t.concurrency,
        "Transcoding jobs at once on this node; 0: pictures are encoded by workers elsewhere only.")
      .range(0, 128);
  s.add("transcoding.remote_runners.enabled", t.offer_whole,
        "Whether PeerTube's own runners are offered whole renditions, beside what nodes and workers"
        " do.");
  s.add("transcoding.remote_runners.patience", t.runner_patience,
        "How long all but the smallest rendition of an upload are kept for such runners.")
      .range(0, k_hour);
  s.add("transcoding.original_file.keep", t.keep_original,
        "Whether the uploaded file is kept once its renditions are made.");
  s.add("transcoding.always_transcode_original_resolution", t.always_original_resolution,
        "Make a rendition of the source's own height even when the list below leaves it out.")
      .runtime();
  s.add("transcoding.fps.max", t.max_fps, "Frames per second above which frames are dropped.")
      .range(1, 240)
      .runtime();
  for (std::size_t i = 0; i < t.resolutions.size(); ++i) {
    const auto height = Config::Transcoding::k_heights[i];
    s.add(fmt::format("transcoding.resolutions.{}p", height), t.resolutions[i],
          fmt::format("Make a rendition {} pixels high of sources at least as high.", height))
        .runtime();
  }
  s.add("storyboards.enabled", c.storyboards_enabled, "Whether previews for the seek bar are made.")
      .runtime();
  s.add("views.videos.watching_interval.anonymous", c.views.watching_interval_anonymous,
        "How often the player of a visitor reports that it plays.")
      .range(k_second, k_hour);
  s.add("views.videos.watching_interval.users", c.views.watching_interval_users,
        "How often the player of a logged-in user reports that it plays.")
      .range(k_second, k_hour);
}

/// Sections of PeerTube's file that a migrating administrator will have.
void refuse_foreign(config::Schema& s) {
  s.foreign("redis", "Shoal needs no Redis; remove the section");
  s.foreign("secrets", "Shoal makes its secrets and keeps them with its data; remove it");
  s.foreign("plugins", "Shoal has no plugins; remove the section");
  s.foreign("smtp", "Shoal sends no mail yet; remove the section");
  s.foreign("email", "Shoal sends no mail yet; remove the section");
  s.foreign("live", "Shoal has no live videos yet; remove the section");
  s.foreign("federation", "Shoal does not federate yet; remove the section");
  s.foreign("import", "Shoal imports no videos yet; remove the section");
  s.foreign("transcoding.hls", "Shoal always makes HLS; remove it");
  s.foreign("transcoding.web_videos",
            "Shoal always makes HLS, whose files also download; remove it");
  s.foreign("oauth2",
            "a log-in lasts a day and can be refreshed for two weeks; remove the section");
  s.foreign("database.suffix", "give the whole name as database.name");
}

}  // namespace

config::Schema make_schema(Config& config) {
  config::Schema schema;
  describe_server(schema, config);
  describe_keeping(schema, config);
  describe_rate_limits(schema, config);
  describe_instance(schema, config);
  describe_users(schema, config);
  describe_videos(schema, config);
  refuse_foreign(schema);
  return schema;
}

}  // namespace shoal::app
