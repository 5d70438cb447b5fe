#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "blob/local_store.h"
#include "blob/s3_store.h"
#include "db/database.h"
#include "io/offload.h"
#include "io/runtime.h"

namespace shoal::app {

/// The stores of the configuration as one command reaches them, beside a running server or without
/// one. Blocking, on one thread.
class CommandStores {
 public:
  CommandStores(const Config& config, db::Database& database)
      : config_(config), database_(database) {}

  /// Errors: not_found (the configuration has none of this name, or the server has never opened
  /// it), unavailable (it is away: the message says what to do).
  Result<> open(const std::string& name);
  /// Null where it is not open.
  blob::BlobStore* find(std::string_view name) const;
  /// The same where it is a bucket.
  blob::S3Store* find_bucket(std::string_view name) const;

  /// The place of a store besides the local one is the store from now on, whatever was registered.
  /// Errors: not_found, unavailable.
  Result<blob::StoreIdentity> accept(const std::string& name);

  template <class T>
  T run(io::Task<T> task) {
    std::optional<T> out;
    runtime_.run_until_done([](io::Task<T> inner, std::optional<T>& result) -> io::Task<> {
      result.emplace(co_await std::move(inner));
    }(std::move(task), out));
    return *std::move(out);
  }
  io::Offload& offload() { return bulk_; }
  const Clock& clock() const { return clock_; }

 private:
  Result<const StoreConfig*> config_of(const std::string& name) const;
  Result<std::string> instance_id();
  Result<blob::S3Store*> make_bucket(const StoreConfig& config);

  const Config& config_;
  db::Database& database_;
  SystemClock clock_;
  SystemRandom random_;
  Metrics metrics_;
  io::PosixFileSystem files_;
  io::Runtime runtime_{1};
  io::Offload bulk_{"bulk", 2, 64};
  std::vector<std::unique_ptr<blob::S3Store>> buckets_;
  std::vector<std::unique_ptr<blob::LocalStore>> disks_;
};

}  // namespace shoal::app
