#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/result.h"
#include "blob/local_store.h"
#include "blob/s3_store.h"
#include "db/database.h"
#include "io/file_system.h"
#include "io/offload.h"
#include "storage/stores.h"

namespace shoal::app {

/// Stores opened for one command, beside the server or without it. One task at a time.
class CommandStores {
 public:
  struct Services {
    db::Database& database;
    const Clock& clock;
    Random& random;
    Metrics& metrics;
    io::FileSystem& files;
    io::Offload& offload;
    std::string instance_id;
  };
  /// `config` outlives it.
  CommandStores(const Config& config, Services services);

  /// Opens the store of that name, unless it is open, and enters it into the table. Errors:
  /// not_found (the configuration has none), unavailable (offline; says what to do).
  io::Task<Result<blob::BlobStore*>> open(std::string name);
  /// Makes the bucket of that name the store from now on, whatever is in it. Errors: as
  /// storage::accept_bucket.
  io::Task<Result<blob::StoreIdentity>> accept(std::string name);
  storage::Stores& table() { return table_; }

 private:
  Result<blob::BlobStore*> open_folder(const std::string& name, const io::Path& root);
  Result<std::unique_ptr<blob::S3Store>> make_bucket(const std::string& name) const;
  const StoreConfig* find(const std::string& name) const;

  const Config& config_;
  const Services services_;
  storage::Stores table_;
  std::vector<std::unique_ptr<blob::BlobStore>> open_;
};

}  // namespace shoal::app
