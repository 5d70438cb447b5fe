#pragma once

#include <mutex>
#include <set>
#include <string>

#include "api/core/context.h"
#include "db/database.h"
#include "io/task_group.h"
#include "storage/store_ledger.h"
#include "storage/trash.h"

namespace shoal::app {

/// What an instance does by itself, each at its own pace: writes counted views, publishes what was
/// scheduled, collects stale uploads, trash, expired sessions and old job history. Every duty may
/// be done by several nodes at once and twice. start() once, stop() before destruction.
class Housekeeping {
 public:
  struct Services {
    db::Database& database;
    api::Context& api;
    storage::StoreLookup stores;
    storage::PurgeHook purge{};
  };
  Housekeeping(io::Executor executor, Services services);

  void start();
  /// Ends the duties; what was counted is written first.
  io::Task<> stop();

  // The duties; each does all there is to do now.
  io::Task<Result<>> keep_videos_current();
  io::Task<Result<>> collect_leftovers();
  /// Any thread.
  io::Task<Result<>> empty_trash();
  io::Task<Result<>> prune();

 private:
  using Duty = io::Task<Result<>> (Housekeeping::*)();
  io::Task<> repeat(Duty duty, const char* name, Milliseconds every);

  /// Compares every store that is there with the database.
  io::Task<Result<>> tend_ledgers();

  Services services_;
  storage::StoreLedger ledger_;
  std::mutex mutex_;
  std::set<std::string> held_;  ///< stores that were reported; under mutex_
  io::TaskGroup tasks_;
};

}  // namespace shoal::app
