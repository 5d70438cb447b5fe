#include "app/command_stores.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "app/other_stores.h"
#include "storage/store_registry.h"

namespace shoal::app {

CommandStores::CommandStores(const Config& config, Services services)
    : config_(config), services_(std::move(services)) {
  set_homes(config.homes, table_);
}

const StoreConfig* CommandStores::find(const std::string& name) const {
  const auto found = std::ranges::find(config_.stores, name, &StoreConfig::name);
  return found == config_.stores.end() ? nullptr : &*found;
}

Result<blob::BlobStore*> CommandStores::open_folder(const std::string& name, const io::Path& root) {
  TRY(auto store, storage::open_registered_store(
                      services_.database, {name, root, services_.instance_id}, services_.files,
                      services_.offload, services_.random, services_.clock.now()));
  blob::BlobStore* const opened = store.get();
  open_.push_back(std::move(store));
  table_.add(*opened);
  return opened;
}

Result<std::unique_ptr<blob::S3Store>> CommandStores::make_bucket(const std::string& name) const {
  const StoreConfig* const config = find(name);
  if (config == nullptr || config->type != "s3") {
    return fail(ErrorCode::not_found,
                fmt::format("the configuration has no S3 store '{}': see stores.<name>", name));
  }
  TRY(const blob::S3StoreConfig s3, s3_store_config(*config));
  return std::make_unique<blob::S3Store>(
      s3, blob::S3Store::Services{services_.clock, services_.random, services_.metrics,
                                  services_.files, services_.offload});
}

io::Task<Result<blob::BlobStore*>> CommandStores::open(std::string name) {
  if (blob::BlobStore* const there = table_.find(name)) co_return there;
  const StoreConfig* const config = find(name);
  if (name == k_local_store || (config != nullptr && config->type == "local")) {
    const io::Path root =
        name == k_local_store ? io::Path(config_.storage.data) / "media" : io::Path(config->path);
    co_return co_await services_.offload.run(
        [this, name, root = std::filesystem::absolute(root)] { return open_folder(name, root); });
  }
  CO_TRY(auto store, make_bucket(name));
  CO_TRY_VOID(co_await storage::attach_registered_store(services_.database, *store,
                                                        services_.instance_id, services_.clock));
  blob::BlobStore* const opened = store.get();
  open_.push_back(std::move(store));
  table_.add(*opened);
  co_return opened;
}

io::Task<Result<blob::StoreIdentity>> CommandStores::accept(std::string name) {
  CO_TRY(const auto store, make_bucket(name));
  co_return co_await storage::accept_bucket(services_.database, *store, services_.instance_id,
                                            services_.clock);
}

}  // namespace shoal::app
