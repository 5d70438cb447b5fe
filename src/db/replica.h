#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "base/metrics.h"
#include "db/connection.h"
#include "db/connection_pool.h"
#include "db/replica_lag.h"

namespace shoal::db {

struct ReplicaSettings {
  std::string name;  ///< for log and metrics
  PostgresqlSettings replica{};
  PostgresqlSettings primary{};
  std::size_t connections = 4;
  Milliseconds longest_lag{2000};
};

/// A hot standby of a PostgreSQL that lists may be read from, and whether it is fresh enough now. A
/// thread of its own looks twice a second where the primary and it are in the write-ahead log
/// (pg_current_wal_flush_lsn, pg_last_wal_replay_lsn: no clocks are compared), and at once when
/// something changed that lists show. While the primary is away it stays as fresh as it was. Any
/// thread.
class Replica {
 public:
  Replica(ReplicaSettings settings, Metrics& metrics);
  ~Replica();
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  bool is_usable() const;
  ConnectionPool& connections() { return connections_; }

  /// Not usable any more before it has all that is committed now.
  void expect_all();
  /// It refused or went away: not usable before the next look that succeeds.
  void distrust();

 private:
  void run();
  void look();
  void set_lag(std::optional<Milliseconds> lag, std::uint64_t expected, bool has_all);

  const ReplicaSettings settings_;
  ConnectionPool connections_;
  const Gauge lag_gauge_;
  const Gauge usable_gauge_;
  ReplicaLag lag_;                       ///< of the thread
  std::unique_ptr<Connection> primary_;  ///< of the thread
  std::unique_ptr<Connection> replica_;  ///< of the thread

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;        ///< under mutex_, as what follows
  bool is_fresh_ = false;        ///< by the last look
  SteadyTime looked_at_{};       ///< when that ended
  std::uint64_t expected_ = 0;   ///< how often everything was expected
  std::uint64_t fulfilled_ = 0;  ///< of these
  std::thread thread_;
};

}  // namespace shoal::db
