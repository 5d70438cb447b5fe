#pragma once

#include <functional>
#include <memory>

#include "db/database.h"
#include "io/task_group.h"
#include "scaling/nodes/node.h"

namespace shoal::scaling {

/// This process's row in the registry, kept alive from start() to stop(). While the database is
/// away nothing happens: the row waits, and so does the process. start() once; await stop() before
/// destruction, also without start().
class Membership {
 public:
  struct Hooks {
    std::function<NodeLoad()> load;
    /// After each heartbeat.
    std::function<void(const Standing&)> on_beat;
    /// Once: the row was taken over or removed, so this process must stop.
    std::function<void()> on_lost;
  };

  /// Blocking. Errors: conflict, as decide_join().
  static Result<std::unique_ptr<Membership>> join(db::Database& database,
                                                  const NodeProfile& profile,
                                                  io::Executor executor);
  /// The hooks are called on the executor.
  void start(Hooks hooks);
  /// Leaves the registry.
  io::Task<> stop();

 private:
  Membership(db::Database& database, NodeKey key, io::Executor executor);
  io::Task<> keep(Hooks hooks);

  db::Database& database_;
  const NodeKey key_;
  io::TaskGroup tasks_;
};

}  // namespace shoal::scaling
