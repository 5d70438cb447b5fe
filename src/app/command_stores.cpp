#include "app/command_stores.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/other_stores.h"
#include "catalog/instance.h"
#include "cli/storage_checks.h"
#include "storage/store_registry.h"

namespace shoal::app {

Result<const StoreConfig*> CommandStores::config_of(const std::string& name) const {
  for (const StoreConfig& store : config_.stores)
    if (store.name == name) return &store;
  return fail(
      ErrorCode::not_found,
      fmt::format("the configuration has no store '{}': see stores.<name> in the reference", name));
}

Result<std::string> CommandStores::instance_id() {
  TRY(const auto id,
      database_.read_blocking([](db::Session& session) -> Result<std::optional<std::string>> {
        return catalog::find_instance_id(session);
      }));
  if (!id) return fail(ErrorCode::not_found, "this instance was never started");
  return *id;
}

Result<blob::S3Store*> CommandStores::make_bucket(const StoreConfig& config) {
  TRY(blob::S3StoreConfig s3, s3_store_config(config));
  buckets_.push_back(std::make_unique<blob::S3Store>(
      std::move(s3), blob::S3Store::Services{clock_, random_, metrics_, files_, bulk_}));
  return buckets_.back().get();
}

Result<> CommandStores::open(const std::string& name) {
  TRY(const std::string instance, instance_id());
  // One that was never opened is not claimed by a command.
  TRY_VOID(cli::registered_stores(database_, name));
  if (name == storage::k_local_store) {
    const io::Path root = std::filesystem::absolute(config_.storage.data) / "media";
    TRY(auto store,
        storage::open_store_beside(database_, {name, root, instance}, files_, bulk_, random_));
    disks_.push_back(std::move(store));
    return {};
  }
  TRY(const StoreConfig* const config, config_of(name));
  if (config->type == "local") {
    TRY(auto store, storage::open_store_beside(database_, {name, config->path, instance}, files_,
                                               bulk_, random_));
    disks_.push_back(std::move(store));
    return {};
  }
  TRY(blob::S3Store* const bucket, make_bucket(*config));
  return run(storage::attach_registered_store(database_, *bucket, instance, random_, clock_));
}

blob::S3Store* CommandStores::find_bucket(std::string_view name) const {
  for (const auto& bucket : buckets_)
    if (bucket->name() == name && bucket->is_attached()) return bucket.get();
  return nullptr;
}

blob::BlobStore* CommandStores::find(std::string_view name) const {
  for (const auto& disk : disks_)
    if (disk->name() == name) return disk.get();
  return find_bucket(name);
}

Result<blob::StoreIdentity> CommandStores::accept(const std::string& name) {
  TRY(const std::string instance, instance_id());
  TRY(const StoreConfig* const config, config_of(name));
  if (config->type == "local") {
    return storage::accept_store(database_, {name, config->path, instance}, files_, random_,
                                 clock_.now());
  }
  TRY(blob::S3Store* const bucket, make_bucket(*config));
  return run(storage::accept_store(database_, *bucket, instance, clock_));
}

}  // namespace shoal::app
