#include "app/other_stores.h"

#include <boost/asio/this_coro.hpp>
#include <cstdlib>

#include "base/log.h"
#include "blob/s3/address.h"
#include "storage/store_registry.h"

namespace shoal::app {
namespace {

constexpr Seconds k_look_again{30};
/// While it is away.
constexpr Seconds k_look_for{3};

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string acl(const std::string& name) {
  return name == "none" ? "" : name;
}

blob::s3::Credentials credentials(const StoreConfig::Credentials& given) {
  if (!given.access_key_id.empty()) return {given.access_key_id, given.secret_access_key, ""};
  return {environment("AWS_ACCESS_KEY_ID"), environment("AWS_SECRET_ACCESS_KEY"),
          environment("AWS_SESSION_TOKEN")};
}

}  // namespace

Result<blob::S3StoreConfig> s3_store_config(const StoreConfig& config) {
  blob::S3StoreConfig out;
  out.client.store = config.name;
  TRY(out.client.address, blob::s3::parse_address(config.endpoint, config.bucket, config.prefix,
                                                  config.force_path_style));
  out.client.region = config.region;
  out.client.credentials = credentials(config.credentials);
  if (out.client.credentials.access_key_id.empty()) {
    return fail(ErrorCode::invalid,
                fmt::format("store {} has no keys: set stores.{}.credentials, or "
                            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment",
                            config.name, config.name));
  }
  out.client.attempts = static_cast<unsigned>(config.max_request_attempts);
  out.client.max_connections = static_cast<std::size_t>(config.max_connections);
  out.client.upload_rate = config.upload_rate.value;
  out.client.download_rate = config.download_rate.value;
  out.client.request_rate = static_cast<std::uint64_t>(config.request_rate);
  out.part_size = config.max_upload_part.value;
  // Nobody reads an object by itself where viewers are not sent to it.
  out.public_acl = acl(config.serve_public == "redirect" ? config.upload_acl.of_public
                                                         : config.upload_acl.of_private);
  out.private_acl = acl(config.upload_acl.of_private);
  out.storage_class = config.storage_class;
  return out;
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
      tasks_(std::move(executor), "stores") {}

Result<std::unique_ptr<OtherStores>> OtherStores::create(io::Executor executor,
                                                         const std::vector<StoreConfig>& configs,
                                                         Services services, storage::Stores& stores,
                                                         storage::Stores& bulk_stores) {
  std::unique_ptr<OtherStores> made(
      new OtherStores(std::move(executor), std::move(services), stores, bulk_stores));
  const Services& with = made->services_;
  for (const StoreConfig& config : configs) {
    if (config.type == "local") {
      made->disks_.push_back(std::make_unique<Disk>(Disk{config.name, config.path, {}, {}}));
      continue;
    }
    TRY(auto s3, s3_store_config(config));
    made->buckets_.push_back(std::make_unique<blob::S3Store>(
        std::move(s3),
        blob::S3Store::Services{with.clock, with.random, with.metrics, with.files, with.bulk}));
    stores.add(*made->buckets_.back());
    bulk_stores.add(*made->buckets_.back());
  }
  return made;
}

void OtherStores::start() {
  for (const auto& bucket : buckets_) tasks_.spawn(attend_bucket(*bucket));
  for (const auto& disk : disks_) tasks_.spawn(attend_disk(*disk));
}

const blob::S3Store* OtherStores::find_s3(std::string_view name) const {
  const auto found =
      std::ranges::find_if(buckets_, [name](const auto& bucket) { return bucket->name() == name; });
  return found == buckets_.end() ? nullptr : found->get();
}

void OtherStores::report(const std::string& store, const Result<>& found, bool& was_online) {
  services_.metrics
      .gauge("shoal_store_online", "Whether a store is there and ours.", {{"store", store}})
      .set(found ? 1 : 0);
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
    const auto found = co_await storage::attach_registered_store(
        services_.database, store, services_.instance_id, services_.clock);
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
  disk.quick = std::move(quick);
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
