#include "app/other_stores.h"

#include <boost/asio/this_coro.hpp>
#include <cstdlib>

#include "base/log.h"
#include "blob/s3/address.h"
#include "blob/s3/credentials.h"
#include "storage/exposure/exposure_rows.h"
#include "storage/store_registry.h"

namespace shoal::app {
namespace {

constexpr Seconds k_look_again{30};
/// While it is away.
constexpr Seconds k_look_for{3};

constexpr std::uint64_t k_largest_credentials_file = 1 << 20;

std::optional<std::string> environment(std::string_view name) {
  const char* const value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::string acl(const std::string& name) {
  return name == "none" ? "" : name;
}

delivery::Door door_of(std::string_view word) {
  if (word == "redirect") return delivery::Door::redirect;
  return word == "presigned" ? delivery::Door::presigned : delivery::Door::proxy;
}

storage::Exposure exposure_of(const StoreConfig& config) {
  if (config.serve_public == "redirect") return storage::Exposure::address;
  return config.serve_public == "presigned" ? storage::Exposure::signed_urls
                                            : storage::Exposure::closed;
}

std::vector<delivery::BaseUrl> urls_of(const StoreConfig& config) {
  std::vector<delivery::BaseUrl> urls;
  for (const auto& base : config.weighted_base_urls())
    urls.push_back({base.url, static_cast<std::uint32_t>(base.weight), {}});
  return urls;
}

/// Its own keys, else those that AWS' clients would take, else the place where a role's are lent.
Result<> find_keys(const StoreConfig& config, blob::s3::ClientConfig& client) {
  const StoreConfig::Credentials& own = config.credentials;
  if (!own.access_key_id.empty()) {
    client.credentials = {own.access_key_id, own.secret_access_key, ""};
    return {};
  }
  auto found = blob::s3::find_credentials(environment, [](const std::string& path) {
    io::PosixFileSystem files;
    return io::read_whole(files, path, k_largest_credentials_file);
  });
  if (found) {
    client.credentials = *std::move(found);
    return {};
  }
  auto role = blob::s3::find_role(environment);
  if (!role) {
    return fail(ErrorCode::invalid,
                fmt::format("store {} has no keys: set stores.{}.credentials, or "
                            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or a "
                            "profile in ~/.aws/credentials ({}); {}",
                            config.name, config.name, found.error().message, role.error().message));
  }
  client.role = *std::move(role);
  return {};
}

}  // namespace

Result<blob::S3StoreConfig> s3_store_config(const StoreConfig& config) {
  blob::S3StoreConfig out;
  out.client.store = config.name;
  TRY(out.client.address, blob::s3::parse_address(config.endpoint, config.bucket, config.prefix,
                                                  config.force_path_style));
  out.client.region = config.region;
  TRY_VOID(find_keys(config, out.client));
  out.client.attempts = static_cast<unsigned>(config.max_request_attempts);
  out.client.max_connections = static_cast<std::size_t>(config.max_connections);
  out.client.upload_rate = config.upload_rate.value;
  out.client.download_rate = config.download_rate.value;
  out.client.request_rate = static_cast<std::uint64_t>(config.request_rate);
  out.part_size = config.max_upload_part.value;
  out.public_acl = acl(config.upload_acl.of_public);
  out.private_acl = acl(config.upload_acl.of_private);
  out.has_public_check = config.serve_public == "redirect";
  out.storage_class = config.storage_class;
  return out;
}

Gauge store_online_gauge(Metrics& metrics, const std::string& store) {
  return metrics.gauge("shoal_store_online", "Whether a store is there and ours.",
                       {{"store", store}});
}

void set_homes(const Homes& homes, storage::Stores& stores) {
  using storage::FileKind;
  for (const auto kind : {FileKind::rendition, FileKind::playlist, FileKind::segments_sha256})
    stores.set_home(kind, homes.renditions);
  for (const auto kind : {FileKind::running_work, FileKind::running_init, FileKind::running_audio})
    stores.set_home(kind, homes.running);
  for (const auto kind : {FileKind::thumbnail, FileKind::preview})
    stores.set_home(kind, homes.thumbnails);
  stores.set_home(FileKind::original, homes.originals);
  stores.set_home(FileKind::storyboard, homes.storyboards);
  stores.set_home(FileKind::caption, homes.captions);
}

OtherStores::OtherStores(io::Executor executor, Services services, storage::Stores& stores,
                         storage::Stores& bulk_stores)
    : services_(std::move(services)),
      stores_(stores),
      bulk_stores_(bulk_stores),
      executor_(executor),
      tasks_(std::move(executor), "stores") {}

Result<std::unique_ptr<OtherStores>> OtherStores::create(io::Executor executor,
                                                         const std::vector<StoreConfig>& configs,
                                                         Services services, storage::Stores& stores,
                                                         storage::Stores& bulk_stores) {
  std::unique_ptr<OtherStores> made(
      new OtherStores(std::move(executor), std::move(services), stores, bulk_stores));
  TRY_VOID(made->settle(configs));
  for (const StoreConfig& config : configs) {
    if (config.type == "local") {
      made->add_disk(config);
    } else {
      TRY_VOID(made->add_bucket(config));
    }
  }
  return made;
}

Result<> OtherStores::settle(const std::vector<StoreConfig>& configs) {
  if (configs.empty()) return {};
  for (const StoreConfig& config : configs)
    bulk_stores_.set_exposure(config.name, exposure_of(config));
  return services_.database.write_blocking([&configs](db::Session& session) -> Result<> {
    for (const StoreConfig& config : configs)
      storage::settle_store_later(session, config.name, exposure_of(config));
    return {};
  });
}

Result<> OtherStores::add_bucket(const StoreConfig& config) {
  TRY(const blob::S3StoreConfig s3, s3_store_config(config));
  auto bucket = std::make_unique<Bucket>();
  bucket->store = std::make_unique<blob::S3Store>(
      s3, blob::S3Store::Services{services_.clock, services_.random, services_.metrics,
                                  services_.files, services_.bulk});
  blob::S3Store* const store = bucket->store.get();
  const blob::s3::Address& address = s3.client.address;
  bucket->doors = {.store = store,
                   .is_remote = true,
                   .open_media = door_of(config.serve_public),
                   .restricted_media = door_of(config.serve_private),
                   .presign =
                       [store](const delivery::PresignRequest& request) {
                         return store->presigned_url(request.object_key, request.valid_for,
                                                     request.content_disposition);
                       },
                   .base_prefix = blob::s3::encode_key(address.prefix),
                   .is_away = [store] { return store->is_away() || !store->is_attached(); }};
  if (bucket->doors.open_media == delivery::Door::redirect) {
    auto urls = urls_of(config);
    if (urls.empty()) {
      // The bucket itself is public: its objects' ACL says so.
      const blob::s3::Location root = blob::s3::bucket_location(address);
      std::string url = fmt::format("{}://{}{}", address.scheme, root.host, root.path);
      while (url.ends_with('/')) url.pop_back();
      urls.push_back({std::move(url), 1, {}});
    }
    for (delivery::BaseUrl& url : urls)
      url.check_url =
          fmt::format("{}/{}{}", url.url, bucket->doors.base_prefix, blob::k_public_check_name);
    bucket->urls = base_urls(config.name, std::move(urls));
    bucket->doors.base_urls = bucket->urls.get();
  }
  stores_.add(*store);
  bulk_stores_.add(*store);
  buckets_.push_back(std::move(bucket));
  return {};
}

void OtherStores::add_disk(const StoreConfig& config) {
  auto disk = std::make_unique<Disk>();
  disk->name = config.name;
  disk->root = config.path;
  disk->doors.open_media = door_of(config.serve_public);
  if (disk->doors.open_media == delivery::Door::redirect) {
    auto urls = urls_of(config);
    for (delivery::BaseUrl& url : urls)
      url.check_url = fmt::format("{}/{}", url.url, blob::k_public_check_name);
    disk->urls = base_urls(config.name, std::move(urls));
    disk->doors.base_urls = disk->urls.get();
  }
  disks_.push_back(std::move(disk));
}

std::unique_ptr<delivery::BaseUrls> OtherStores::base_urls(
    const std::string& store, std::vector<delivery::BaseUrl> urls) const {
  return std::make_unique<delivery::BaseUrls>(store, std::move(urls), services_.clock,
                                              services_.metrics, executor_);
}

void OtherStores::start() {
  for (const auto& bucket : buckets_) {
    if (bucket->urls) bucket->urls->start();
    tasks_.spawn(attend_bucket(*bucket->store));
  }
  for (const auto& disk : disks_) {
    if (disk->urls) disk->urls->start();
    tasks_.spawn(attend_disk(*disk));
  }
}

io::Task<> OtherStores::stop() {
  for (const auto& bucket : buckets_)
    if (bucket->urls) co_await bucket->urls->stop();
  for (const auto& disk : disks_)
    if (disk->urls) co_await disk->urls->stop();
  co_await tasks_.stop();
}

const delivery::StoreDoors* OtherStores::find_doors(std::string_view name) const {
  for (const auto& bucket : buckets_)
    if (bucket->store->name() == name) return &bucket->doors;
  for (const auto& disk : disks_)
    if (disk->name == name && disk->is_open) return &disk->doors;
  return nullptr;
}

const blob::S3Store* OtherStores::find_presigning(std::string_view name) const {
  for (const auto& bucket : buckets_) {
    const bool presigns = bucket->doors.open_media == delivery::Door::presigned ||
                          bucket->doors.restricted_media == delivery::Door::presigned;
    if (bucket->store->name() == name) return presigns ? bucket->store.get() : nullptr;
  }
  return nullptr;
}

OtherStores::Condition OtherStores::condition(const std::string& name) const {
  Condition found;
  {
    const std::scoped_lock lock(mutex_);
    if (const auto known = conditions_.find(name); known != conditions_.end())
      found = known->second;
  }
  for (const auto& bucket : buckets_) {
    if (bucket->store->name() != name) continue;
    if (bucket->urls) found.base_urls = bucket->urls->states();
    // What its requests say is newer than the last look.
    if (found.is_online && bucket->store->is_away()) {
      found.is_online = false;
      found.reason = "it does not answer; it is asked again in some seconds";
    } else if (found.is_online && !bucket->store->is_attached()) {
      found.is_online = false;
      found.reason = "its marker is gone; it is looked for again in some seconds";
    }
  }
  for (const auto& disk : disks_)
    if (disk->name == name && disk->urls) found.base_urls = disk->urls->states();
  return found;
}

void OtherStores::remember(const std::string& store, const Result<>& found) {
  const std::scoped_lock lock(mutex_);
  Condition& condition = conditions_[store];
  if (!condition.since || condition.is_online != found.has_value())
    condition.since = services_.clock.now();
  condition.is_online = found.has_value();
  condition.reason = found ? "" : found.error().message;
}

void OtherStores::report(const std::string& store, const Result<>& found, bool& was_online) {
  store_online_gauge(services_.metrics, store).set(found ? 1 : 0);
  remember(store, found);
  if (found && !was_online) log::info("a store is online", {{"store", store}});
  if (!found && was_online)
    log::error("a store is away", {{"store", store}, {"reason", found.error().message}});
  was_online = found.has_value();
}

io::Task<> OtherStores::attend_bucket(blob::S3Store& store) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  // So that one that is away from the start is reported, too.
  bool was_online = true;
  for (bool first = true;; first = false) {
    co_await store.renew_keys_early();
    const auto found = co_await storage::attach_registered_store(
        services_.database, store, services_.instance_id, services_.random, services_.clock);
    if (first && found) was_online = false;
    report(store.name(), found, was_online);
    timer.expires_after(found ? k_look_again : k_look_for);
    co_await timer.async_wait(io::use_awaitable);
  }
}

Result<> OtherStores::open(Disk& disk) {
  const storage::LocalStoreSite site{disk.name, disk.root, services_.instance_id};
  const UtcTime now = services_.clock.now();
  if (disk.quick) {
    return storage::check_registered_store(services_.database, site, services_.files);
  }
  TRY(auto quick, storage::open_registered_store(services_.database, site, services_.files,
                                                 services_.disk, services_.random, now));
  TRY(disk.patient, storage::open_registered_store(services_.database, site, services_.files,
                                                   services_.bulk, services_.random, now));
  if (disk.urls) {
    TRY_VOID(io::write_durably(services_.files, disk.root / blob::k_public_check_name,
                               std::as_bytes(std::span(blob::k_public_check_text))));
  }
  disk.quick = std::move(quick);
  for (blob::LocalStore* store : {disk.quick.get(), disk.patient.get()})
    store->count_requests(services_.metrics);
  disk.doors.store = disk.quick.get();
  disk.is_open = true;
  stores_.add(*disk.quick);
  bulk_stores_.add(*disk.patient);
  return {};
}

io::Task<> OtherStores::attend_disk(Disk& disk) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  bool was_online = true;
  for (bool first = true;; first = false) {
    const auto found = co_await services_.bulk.run([this, &disk] { return open(disk); });
    if (first && found) was_online = false;
    report(disk.name, found, was_online);
    timer.expires_after(found ? k_look_again : k_look_for);
    co_await timer.async_wait(io::use_awaitable);
  }
}

}  // namespace shoal::app
