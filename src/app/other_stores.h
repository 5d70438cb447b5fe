#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/config/stores.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/result.h"
#include "blob/local_store.h"
#include "blob/s3_store.h"
#include "db/database.h"
#include "delivery/store_doors.h"
#include "io/file_system.h"
#include "io/offload.h"
#include "io/task_group.h"
#include "storage/stores.h"

namespace shoal::app {

/// What an S3 store of the configuration is for its client. Keys that the file leaves out come from
/// where AWS' own clients find them (s3::find_credentials, s3::find_role). Errors: invalid.
Result<blob::S3StoreConfig> s3_store_config(const StoreConfig& config);

/// Whether a store is there, for /metrics.
Gauge store_online_gauge(Metrics& metrics, const std::string& store);

/// Tells where new files of each kind go.
void set_homes(const Homes& homes, storage::Stores& stores);

/// The stores of the configuration besides the local one. Each is looked for until it is there and
/// looked at ever after, so that the server starts, and plays what it can, while one is away. Made
/// and destroyed on the main thread; its tasks run on one executor.
class OtherStores {
 public:
  struct Services {
    db::Database& database;
    const Clock& clock;
    Random& random;
    Metrics& metrics;
    io::FileSystem& files;
    io::Offload& disk;  ///< for what somebody waits for
    io::Offload& bulk;  ///< for jobs
    std::string instance_id;
  };
  /// The two tables get each store, a disk's when it is there. Errors: invalid.
  static Result<std::unique_ptr<OtherStores>> create(io::Executor executor,
                                                     const std::vector<StoreConfig>& configs,
                                                     Services services, storage::Stores& stores,
                                                     storage::Stores& bulk_stores);

  void start();
  io::Task<> stop();
  /// How the objects of one of them reach viewers; null while this node does not have it.
  const delivery::StoreDoors* find_doors(std::string_view name) const;

  /// The bucket where viewers of restricted or open media are sent by presigned URLs, so that it
  /// can be reached from elsewhere; null for every other store.
  const blob::S3Store* find_presigning(std::string_view name) const;

  /// How a store was found last.
  struct Condition {
    bool is_online = false;
    std::string reason = "it was not looked for yet";  ///< why it is away
    std::optional<UtcTime> since{};                    ///< it has been so
    std::vector<delivery::BaseUrls::State> base_urls{};
  };
  Condition condition(const std::string& name) const;

 private:
  struct Bucket {
    std::unique_ptr<blob::S3Store> store;
    std::unique_ptr<delivery::BaseUrls> urls;
    delivery::StoreDoors doors{};
  };
  struct Disk {
    std::string name;
    io::Path root;
    std::unique_ptr<blob::LocalStore> quick;
    std::unique_ptr<blob::LocalStore> patient;
    std::unique_ptr<delivery::BaseUrls> urls;
    delivery::StoreDoors doors{};
    std::atomic<bool> is_open = false;
  };
  OtherStores(io::Executor executor, Services services, storage::Stores& stores,
              storage::Stores& bulk_stores);

  /// What of their objects viewers may be told from now on.
  Result<> settle(const std::vector<StoreConfig>& configs);
  Result<> add_bucket(const StoreConfig& config);
  void add_disk(const StoreConfig& config);
  std::unique_ptr<delivery::BaseUrls> base_urls(const std::string& store,
                                                std::vector<delivery::BaseUrl> urls) const;
  io::Task<> attend_bucket(blob::S3Store& store);
  io::Task<> attend_disk(Disk& disk);
  /// Blocking.
  Result<> open(Disk& disk);
  void report(const std::string& store, const Result<>& found, bool& was_online);
  void remember(const std::string& store, const Result<>& found);

  const Services services_;
  storage::Stores& stores_;
  storage::Stores& bulk_stores_;
  const io::Executor executor_;
  std::vector<std::unique_ptr<Bucket>> buckets_;
  std::vector<std::unique_ptr<Disk>> disks_;
  mutable std::mutex mutex_;
  std::map<std::string, Condition> conditions_;  ///< under mutex_; without base URLs
  io::TaskGroup tasks_;
};

}  // namespace shoal::app
