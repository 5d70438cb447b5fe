#include "app/instance.h"

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <thread>

#include "api/api.h"
#include "api/core/routes.h"
#include "api/runners/services.h"
#include "api/storage/services.h"
#include "api/videos/services.h"
#include "app/autoscaling.h"
#include "app/cache_news.h"
#include "app/catalog_media_index.h"
#include "app/cdn_purge.h"
#include "app/cluster_member.h"
#include "app/data_directory.h"
#include "app/first_start.h"
#include "app/housekeeping.h"
#include "app/media_routes.h"
#include "app/other_stores.h"
#include "app/room_configs.h"
#include "app/runner_urls.h"
#include "app/storage_jobs.h"
#include "app/store_statuses.h"
#include "app/video_progress.h"
#include "app/viewer_access.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "blob/local_store.h"
#include "delivery/media_service.h"
#include "io/file_system.h"
#include "io/offload.h"
#include "io/process.h"
#include "io/runtime.h"
#include "jobs/runner.h"
#include "net/http/router.h"
#include "net/http/server.h"
#include "processing/pipeline/graph.h"
#include "processing/pipeline/pipeline.h"
#include "processing/pipeline/retry.h"
#include "storage/moves/file_mover.h"
#include "storage/store_registry.h"
#include "storage/store_usage.h"
#include "storage/stores.h"
#include "storage/uploads/local_upload_bytes.h"
#include "storage/uploads/staging_room.h"
#include "storage/uploads/stored_upload_bytes.h"
#include "storage/uploads/upload_staging.h"

namespace shoal::app {
namespace {

/// Two log-ins at once: 38 MiB and one core's worth of argon2 on a small box.
constexpr std::size_t k_password_threads = 2;
constexpr std::size_t k_password_queue = 64;
constexpr std::size_t k_disk_threads = 4;
constexpr std::size_t k_disk_queue = 4096;
/// Of the media cache: beyond it viewers are served from the store.
constexpr std::size_t k_cache_threads = 4;
constexpr std::size_t k_cache_queue = 256;
/// Beside one thread for each transcoding job: checksums of uploads and the trash.
constexpr std::size_t k_more_bulk_threads = 2;

/// What uploads are made into from now on: the file's bounds, the administrator's choices.
io::Task<processing::PlanConfig> current_plan_config(const Config& config, api::Context& api) {
  co_return plan_config(config, *co_await api.settings.get());
}

}  // namespace

/// In the order of their dependencies: what comes later uses what comes before and is gone first.
struct Instance::Parts {
  Parts(Config from, DataDirectory claimed)
      : config(std::move(from)), directory(std::move(claimed)) {}

  Config config;  ///< complete, and never changed, once the server has its port
  DataDirectory directory;
  SystemClock clock;
  SystemRandom random;
  Metrics metrics;
  io::PosixFileSystem files;
  io::SandboxedRunner processes;
  io::Runtime runtime{io::usable_cores()};
  io::Offload passwords{"passwords", k_password_threads, k_password_queue};
  /// Short calls that somebody waits for: opening media, writing uploads.
  io::Offload disk{"disk", k_disk_threads, k_disk_queue};
  /// Calls that may take minutes: reading or syncing whole files, deleting many.
  io::Offload bulk{"bulk", pipeline_config(config, directory).concurrency + k_more_bulk_threads,
                   k_disk_queue};
  /// The media cache's own: while its disk hangs, everything else goes on.
  io::Offload cache_disk{"media cache", k_cache_threads, k_cache_queue};
  std::unique_ptr<db::Database> database;
  FirstStart first_start;
  std::unique_ptr<ClusterMember> member;
  /// One store with two doors: for what viewers and uploads wait for, and for jobs and the trash.
  std::unique_ptr<blob::LocalStore> media_store;
  std::unique_ptr<blob::LocalStore> bulk_store;
  storage::Stores stores;
  storage::Stores bulk_stores;
  std::unique_ptr<OtherStores> other_stores;
  CdnPurge cdn_purge{config.stores};
  std::unique_ptr<storage::UploadBytes> upload_bytes;
  std::unique_ptr<storage::UploadStaging> staging;
  std::unique_ptr<storage::UsageCache> usage;

  std::unique_ptr<api::Context> api;
  std::unique_ptr<CatalogMediaIndex> media_index;
  std::unique_ptr<CatalogViewerAccess> viewer_access;
  std::unique_ptr<delivery::MediaTokens> media_tokens;
  delivery::StoreDoors media_doors;
  std::unique_ptr<delivery::DiskCache> media_cache;
  std::unique_ptr<delivery::MediaService> media;

  jobs::Progress progress;
  std::unique_ptr<PipelineProgress> video_progress;
  api::VideoServices video_services;
  api::StorageServices storage_services;
  api::RunnerServices runner_services;
  std::unique_ptr<processing::Pipeline> pipeline;
  std::unique_ptr<jobs::Runner> jobs;
  std::unique_ptr<StorageJobs> storage_jobs;

  net::Router router;
  std::unique_ptr<net::Server> server;
  std::unique_ptr<Housekeeping> housekeeping;
  std::unique_ptr<CacheNews> cache_news;
  std::unique_ptr<Autoscaling> autoscaling;  ///< null: not enabled

  Result<> join_cluster();
  Result<> open_stores();
  Result<> open_local_store();
  Result<> make_staging();
  storage::PurgeHook purge_hook() const;
  scaling::NodeLoad load();
  void set_draining(bool draining);
  void make_delivery();
  void make_processing();
  void make_runner_services();
  void make_api();
  void make_autoscaling();
};

Result<> Instance::Parts::join_cluster() {
  TRY(std::string id, directory.node_id(files, random));
  TRY(member, ClusterMember::join({*database, clock, metrics, runtime.executor(0)},
                                  node_profile(config, std::move(id), server->port()),
                                  config.cluster.drain_timeout));
  return {};
}

Result<> Instance::Parts::open_local_store() {
  const storage::LocalStoreSite site{std::string(storage::k_local_store), directory.media(),
                                     first_start.identity.client_id};
  if (!member->is_alone()) {
    // Nothing new comes into it, and what is in it is of the node that the database knows it by.
    TRY(const bool is_ours, storage::is_store_here(*database, site, files));
    if (!is_ours) return {};
  }
  TRY(media_store,
      storage::open_registered_store(*database, site, files, disk, random, clock.now()));
  TRY(bulk_store,
      storage::open_registered_store(*database, site, files, bulk, random, clock.now()));
  media_store->count_requests(metrics);
  bulk_store->count_requests(metrics);
  stores.add(*media_store);
  store_online_gauge(metrics, media_store->name()).set(1);
  bulk_stores.add(*bulk_store);
  return {};
}

Result<> Instance::Parts::open_stores() {
  TRY_VOID(open_local_store());
  TRY(other_stores, OtherStores::create(runtime.executor(0), config.stores,
                                        {*database, clock, random, metrics, files, disk, bulk,
                                         first_start.identity.client_id},
                                        stores, bulk_stores));
  set_homes(config.homes, bulk_stores);
  return make_staging();
}

Result<> Instance::Parts::make_staging() {
  storage::QuotaCheck quota = api::make_quota_check(clock);
  if (config.homes.uploads == storage::k_local_store) {
    upload_bytes = std::make_unique<storage::LocalUploadBytes>(directory.uploads(), files, disk);
    quota = storage::bounded_by_staging(std::move(quota), bulk_stores,
                                        config.storage.staging_limit.value);
  } else {
    const io::Path scratch = directory.work() / "uploads";
    TRY_VOID(files.create_directories(scratch));
    upload_bytes = std::make_unique<storage::StoredUploadBytes>(
        config.homes.uploads, scratch,
        storage::StoredUploadBytes::Services{*database, stores, files, disk, random});
  }
  staging = std::make_unique<storage::UploadStaging>(*upload_bytes, *database, random,
                                                     std::move(quota), storage::UploadLimits());
  return {};
}

storage::PurgeHook Instance::Parts::purge_hook() const {
  return [this](std::string store, std::string key) {
    return cdn_purge.purge(std::move(store), std::move(key));
  };
}

scaling::NodeLoad Instance::Parts::load() {
  const auto rates = api->rates.sample();
  return {.running_jobs = static_cast<std::int64_t>(metrics.sum("shoal_jobs_running")),
          .requests_per_second = rates.requests_per_second,
          .bytes_per_second = rates.bytes_per_second};
}

void Instance::Parts::set_draining(bool draining) {
  api->is_draining = draining;
  jobs->set_paused(draining);
  storage_jobs->set_paused(draining);
}

void Instance::Parts::make_delivery() {
  media_index = std::make_unique<CatalogMediaIndex>(*database, clock);
  viewer_access = std::make_unique<CatalogViewerAccess>(*api);
  media_tokens = std::make_unique<delivery::MediaTokens>(first_start.identity.secret, clock);
  media_doors.store = media_store.get();
  media_cache = std::make_unique<delivery::DiskCache>(
      delivery::DiskCache::Config{.folder = directory.media_cache(),
                                  .limit = config.storage.cache_limit.value},
      delivery::DiskCache::Services{files, cache_disk, clock, metrics, runtime.executor(0)});
  media = std::make_unique<delivery::MediaService>(delivery::MediaService::Services{
      .index = *media_index,
      .access = *viewer_access,
      .tokens = *media_tokens,
      .stores =
          [this](std::string_view name) {
            const bool is_local = media_store && name == media_store->name();
            return is_local ? &media_doors : other_stores->find_doors(name);
          },
      .clock = clock,
      .random = random,
      .metrics = metrics,
      .executor = runtime.executor(0),
      .disk = config.storage.cache_limit.value > 0 ? media_cache.get() : nullptr});
  add_media_routes(router, *media);
}

void Instance::Parts::make_processing() {
  const processing::PipelineConfig pipeline_config = app::pipeline_config(config, directory);
  processing::ProcessLimits limits;
  limits.encoder_threads =
      static_cast<int>(std::max<std::size_t>(1, io::usable_cores() / pipeline_config.concurrency));
  processing::Pipeline::Services services{
      .database = *database,
      .steps = {processes, files, bulk, limits},
      .stores = bulk_stores,
      .clock = clock,
      .random = random,
      .plan_config = [this] { return current_plan_config(config, *api); },
      .on_changed =
          [this](const Uuid& video) {
            media->forget_video(video);
            api->responses.clear();
          },
      .on_grown = [this](const Uuid& video) { media->forget_video(video); }};
  pipeline = std::make_unique<processing::Pipeline>(pipeline_config, std::move(services));
  jobs = std::make_unique<jobs::Runner>(
      runtime, *database, progress, metrics,
      jobs::RunnerConfig{.concurrency = pipeline_config.concurrency, .alone = member->is_alone()});
  pipeline->register_handlers(*jobs);
  storage_jobs = std::make_unique<StorageJobs>(
      runtime, metrics, progress, directory.work(),
      storage::FileMover::Services{
          .database = *database,
          .stores = [this](std::string_view name) { return bulk_stores.find(name); },
          .files = files,
          .offload = bulk,
          .clock = clock,
          .on_moved = [this](const Uuid& video) { media->forget_video(video); },
          .exposes =
              [this](std::string_view store) {
                return bulk_stores.exposure_in(store) != storage::Exposure::closed;
              },
          .metrics = &metrics},
      storage::ExposureKeeper::Services{
          .database = *database,
          .stores = bulk_stores,
          .clock = clock,
          .random = random,
          .empty_trash = [this] { return housekeeping->empty_trash(); },
          .on_changed = [this](const Uuid& video) { media->forget_video(video); }});
  video_progress = std::make_unique<PipelineProgress>(clock);
  video_services = {
      .progress = video_progress.get(),
      .sign_media_token =
          [this](const Uuid& video, std::int64_t epoch, UtcTime expires) {
            return media_tokens->sign(video, epoch, expires);
          },
      .forget_media = [this](const Uuid& video) { media->forget_video(video); },
      .staging = staging.get(),
      .incoming = stores.find(config.homes.uploads),
      .local = media_store.get(),
      .send_home =
          [this](db::Session& session, FileId file, storage::FileKind kind) {
            const std::string home = bulk_stores.home_name(kind);
            if (home != config.homes.uploads)
              storage::enqueue_move(session, {file, config.homes.uploads, home});
          },
      .files = &files,
      .disk = &disk,
      .bulk = &bulk,
      .start_processing = [](db::Session& session,
                             VideoId video) { processing::enqueue_prepare(session, video); },
      .retry_processing =
          [this](db::Session& session, VideoId video) {
            return processing::retry(session, video, clock.now());
          },
      .trash_for = config.storage.trash_period};
  api->video_services = &video_services;
  api->job_progress = &progress;
}

void Instance::Parts::make_runner_services() {
  runner_services = {
      .pipeline = pipeline.get(),
      .stores = &bulk_stores,
      .files = &files,
      .bulk = &bulk,
      .progress = &progress,
      .source_url = [this](std::string_view store,
                           std::string_view key) { return source_url(*other_stores, store, key); },
      .result_url = [this](
                        std::string_view store, std::string_view key,
                        std::uint64_t size) { return result_url(*other_stores, store, key, size); },
      .cancel_job = [this](db::Session& session,
                           JobId job) { return processing::cancel(session, job, clock.now()); }};
  runner_services.wakes_stock = config.transcoding.offer_whole;
  api->runner_services = &runner_services;
}

void Instance::Parts::make_api() {
  api::ApiConfig settings = api_config(config, directory);
  settings.identity = first_start.identity;
  api = std::make_unique<api::Context>(
      std::move(settings), api::Context::Services{*database, clock, random, metrics, passwords});
  usage = std::make_unique<storage::UsageCache>(*database, clock, bulk_stores);
  storage_services = {.usage = usage.get(),
                      .stores = &bulk_stores,
                      .statuses =
                          [this] {
                            std::optional<std::string> local;
                            if (media_store) local = directory.media();
                            return store_statuses(config, *other_stores, local, api->started_at);
                          },
                      .staging_limit = config.storage.staging_limit.value};
  api->storage_services = &storage_services;
}

void Instance::Parts::make_autoscaling() {
  autoscaling = Autoscaling::create(config,
                                    {.database = *database,
                                     .clock = clock,
                                     .random = random,
                                     .metrics = metrics,
                                     .files = files,
                                     .bulk = bulk,
                                     .data_folder = directory.root().string(),
                                     .node_name = node_profile(config, "", server->port()).name,
                                     .labels = ordered(config.cluster.node_labels),
                                     .server = local_address(config, server->port()),
                                     .turn = [this] { return member->turn(); }},
                                    runtime.executor(0));
}

Instance::Instance(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Instance::~Instance() = default;

Result<std::unique_ptr<Instance>> Instance::create(const Config& config) {
  io::PosixFileSystem files;
  TRY(DataDirectory directory, DataDirectory::claim(config.storage.data, files));
  auto made = std::make_unique<Parts>(config, std::move(directory));
  Parts& parts = *made;
  parts.server =
      std::make_unique<net::Server>(parts.runtime, server_config(config),
                                    api::make_handler(parts.router), parts.metrics, parts.clock);
  TRY_VOID(parts.server->bind());
  // Links need the real port of an instance that nothing else names.
  if (parts.config.webserver.port == 0) parts.config.webserver.port = parts.server->port();
  TRY(parts.database,
      db::Database::open(database_config(config, parts.directory.root()), parts.metrics));
  TRY(parts.first_start, ensure_first_start(*parts.database, parts.random, parts.clock,
                                            parts.config.webserver.origin(), config.admin_email));
  TRY_VOID(parts.join_cluster());
  if (auto opened = parts.open_stores(); !opened) {
    // Nobody is kept out by a server that did not start.
    parts.runtime.run_until_done(parts.member->stop());
    return std::unexpected(std::move(opened).error());
  }
  parts.make_api();
  parts.make_delivery();
  parts.make_processing();
  parts.make_runner_services();
  api::add_all_routes(parts.router, *parts.api);
  parts.housekeeping = std::make_unique<Housekeeping>(
      parts.runtime.executor(0),
      Housekeeping::Services{
          *parts.database, *parts.api,
          [&parts](std::string_view name) { return parts.bulk_stores.find(name); },
          parts.purge_hook(), [&parts] { return parts.member->turn(); }});
  parts.cache_news =
      std::make_unique<CacheNews>(parts.runtime.executor(0), *parts.database, *parts.api);
  parts.make_autoscaling();
  return std::unique_ptr<Instance>(new Instance(std::move(made)));
}

Result<> Instance::start() {
  TRY_VOID(parts_->server->start());
  parts_->member->start(
      {.load = [parts = parts_.get()] { return parts->load(); },
       .set_draining = [parts = parts_.get()](bool draining) { parts->set_draining(draining); },
       .set_nodes = [parts = parts_.get()](
                        std::int64_t nodes) { parts->api->rate_limiter.share_with(nodes); },
       .end = [] { std::raise(SIGTERM); }});
  // What has left the public must not wait for the claim of a server that was killed. Beside others
  // it waits: the claim may be one of theirs.
  if (parts_->member->is_alone()) {
    TRY_VOID(parts_->database->write_blocking([](db::Session& session) -> Result<> {
      storage::release_trash(session);
      return {};
    }));
  }
  parts_->other_stores->start();
  parts_->media_cache->start();
  parts_->jobs->start();
  parts_->storage_jobs->start();
  parts_->housekeeping->start();
  parts_->cache_news->start();
  if (parts_->autoscaling) parts_->autoscaling->start();
  return {};
}

void Instance::run_until_signal() {
  Parts& parts = *parts_;
  // The signals are waited for on the runtime itself; the main thread sleeps until it is all over.
  parts.runtime.run_until_done([](Parts& all) -> io::Task<> {
    boost::asio::signal_set signals(all.runtime.executor(0), SIGTERM, SIGINT, SIGHUP);
    while (co_await signals.async_wait(io::use_awaitable) == SIGHUP) {
      const auto reloaded = all.server->reload_tls();
      if (reloaded) {
        log::info("certificates read again");
      } else {
        log::error("certificates not reloaded", {{"error", reloaded.error().message}});
      }
    }
    log::info("stopping: running requests may finish");
    // Also those that wait for something to happen.
    all.set_draining(true);
    // While requests are answered: its workers have jobs to give back.
    if (all.autoscaling) co_await all.autoscaling->stop();
    co_await all.server->stop();
    co_await all.media->stop();
    co_await all.media_cache->stop();
    co_await all.jobs->stop();
    co_await all.storage_jobs->stop();
    co_await all.cache_news->stop();
    co_await all.housekeeping->stop();
    co_await all.other_stores->stop();
    co_await all.member->stop();
  }(parts));
}

bool Instance::lost_its_place() const {
  return parts_->member->was_lost();
}

std::string Instance::address() const {
  return parts_->config.webserver.origin();
}

std::uint16_t Instance::port() const {
  return parts_->server->port();
}

const std::string& Instance::generated_root_password() const {
  return parts_->first_start.generated_root_password;
}

}  // namespace shoal::app
