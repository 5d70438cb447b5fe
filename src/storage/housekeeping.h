#pragma once

#include <memory>
#include <string>

#include "base/metrics.h"
#include "db/database.h"
#include "io/task.h"
#include "storage/trash.h"
#include "storage/upload_staging.h"

namespace shoal::storage {

struct HousekeepingConfig {
  std::string node = "node";            ///< who holds the duty; new with every start
  Milliseconds every{60'000};           ///< also how soon after its time something goes
  Seconds history_age{7 * 24 * 3600};   ///< finished jobs are listed so long …
  std::int64_t history_count = 20'000;  ///< … and at most so many
  std::size_t batch = 200;              ///< at most so much of each in one round
};

/// Removes what is over: stale uploads (each node its own folder), and, on the one node that holds
/// the lease "housekeeping", trash whose time has come and the history of jobs. What fails is tried
/// in the next round. Await stop() before destroying it.
class Housekeeping {
 public:
  /// The references outlive this.
  Housekeeping(io::Executor executor, db::Database& database, UploadStaging& staging,
               StoreLookup stores, const Clock& clock, Metrics& metrics, HousekeepingConfig config);
  ~Housekeeping();
  Housekeeping(const Housekeeping&) = delete;
  Housekeeping& operator=(const Housekeeping&) = delete;

  void start();
  io::Task<> stop();
  /// One round; the service does one right after start and then one every `every`.
  io::Task<> run_once();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal::storage
