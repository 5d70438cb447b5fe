#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "db/database.h"
#include "db/lease.h"
#include "io/task_group.h"

namespace shoal::app {

/// Holds the database for one server. Each server has a local store of its own, so two on one
/// database would fail each other's jobs and drop each other's files: until stores are shared, the
/// second one is refused. SQLite needs none of this, its file lies in the locked data folder.
/// start() once, stop() before destruction; start and stop on the executor.
class SoleServer {
 public:
  static constexpr Seconds k_duration{30};

  /// Takes the lease for `store_id`. After a crash the same store takes it at once, another one
  /// when it has expired. Blocking. Errors: conflict, with what to do.
  static Result<std::unique_ptr<SoleServer>> claim(db::Database& database, std::string store_id,
                                                   io::Executor executor);

  /// Renews the lease from now on. `on_lost` is called once, when another server has taken it: this
  /// one must stop.
  void start(std::function<void()> on_lost);
  /// Gives it back.
  io::Task<> stop();

  /// One renewal. Blocking. conflict when the lease is lost.
  Result<> renew();
  /// The same as stop() for a server that never started. Blocking.
  void give_back();
  const std::string& store_id() const { return lease_.owner; }

 private:
  SoleServer(db::Database& database, db::Lease lease, io::Executor executor);
  io::Task<> keep(std::function<void()> on_lost);

  db::Database& database_;
  const db::Lease lease_;
  io::TaskGroup tasks_;
};

}  // namespace shoal::app
