#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "api/core/context.h"
#include "db/database.h"
#include "db/lease.h"
#include "io/task_group.h"
#include "storage/store_ledger.h"
#include "storage/trash.h"

namespace shoal::app {

/// What an instance does by itself, each at its own pace. Each node writes the views that it
/// counted and collects its stale uploads; what is everybody's (publishing what was scheduled,
/// leftovers, trash, expired sessions, old job history, dead nodes) is done by one, whose turn it
/// is. start() once, stop() before destruction.
class Housekeeping {
 public:
  struct Services {
    db::Database& database;
    api::Context& api;
    storage::StoreLookup stores;
    storage::PurgeHook purge{};
    /// What transactions of a duty begin with while it is this node's turn; nothing while it is
    /// not.
    std::function<std::optional<db::Fence>()> turn = [] { return db::unfenced(); };
  };
  Housekeeping(io::Executor executor, Services services);

  void start();
  /// Ends the duties; what was counted is written first.
  io::Task<> stop();

  // The duties; each does all there is to do now.
  io::Task<Result<>> write_views();
  io::Task<Result<>> collect_uploads();
  // Those do nothing when it is not this node's turn.
  io::Task<Result<>> publish_scheduled();
  io::Task<Result<>> collect_leftovers();
  io::Task<Result<>> empty_trash_in_turn();
  io::Task<Result<>> prune();
  /// Says, in log and metrics, which kinds of jobs wait that nobody who lives does.
  io::Task<Result<>> look_for_stranded_jobs();

  /// At once, whoever's turn it is: objects that are being deleted are claimed by their rows. Any
  /// thread.
  io::Task<Result<>> empty_trash();

 private:
  using Duty = io::Task<Result<>> (Housekeeping::*)();
  io::Task<> repeat(Duty duty, const char* name, Milliseconds every);

  /// Compares every store that is there with the database.
  io::Task<Result<>> tend_ledgers();

  Services services_;
  storage::StoreLedger ledger_;
  std::mutex mutex_;
  std::set<std::string> held_;      ///< stores that were reported; under mutex_
  std::set<std::string> stranded_;  ///< kinds of jobs that were; of that duty alone
  io::TaskGroup tasks_;
};

}  // namespace shoal::app
