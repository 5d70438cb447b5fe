#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "db/notify.h"
#include "db/session.h"
#include "io/offload.h"
#include "io/task.h"

namespace shoal::db {

struct DatabaseConfig {
  Engine engine = Engine::sqlite;
  std::string sqlite_path;     ///< the file; its folder must exist
  std::string postgresql_url;  ///< libpq connection string
  /// Hot standbys of that server, by their connection strings, and what they are called.
  struct Replica {
    std::string name;
    std::string url;
  };
  std::vector<Replica> replicas{};
  Milliseconds longest_replica_lag{2000};
  std::size_t readers = 4;  ///< connections for reads (SQLite); the whole pool for PostgreSQL
  Milliseconds busy_timeout{5000};
  std::size_t queue_limit = 4096;      ///< transactions that may wait
  std::shared_ptr<const Clock> clock;  ///< tests: replaces the database's clock
  std::string sqlite_vfs;              ///< tests: the name of a registered SQLite VFS
};

/// The catalogue's engine: SQLite (WAL, synchronous=FULL, one writing connection) or PostgreSQL 15
/// (a pool; read committed; `serialization`/deadlock failures are tried again). One function = one
/// whole transaction on a pool thread. Any thread.
class Database {
 public:
  /// Opens, checks and migrates. Errors: unavailable, corrupt, conflict (an unfinished copy of
  /// another database: db/database_copy.h), unsupported (schema of a later version).
  static Result<std::unique_ptr<Database>> open(DatabaseConfig config, Metrics& metrics);
  virtual ~Database() = default;
  virtual Engine engine() const = 0;
  virtual Notifier& notifier() = 0;

  /// Runs `work(Session&) -> Result<T>` in a read-only transaction (one snapshot).
  template <class Work>
  auto read(Work work) -> io::Task<std::invoke_result_t<Work&, Session&>> {
    return run(Mode::read, std::move(work));
  }
  /// The same for lists that anybody may see: from a replica where one is fresh enough, so that
  /// what was committed in the last `longest_replica_lag` may be missing. Also while the primary is
  /// away.
  template <class Work>
  auto read_listing(Work work) -> io::Task<std::invoke_result_t<Work&, Session&>> {
    return run(Mode::read_listing, std::move(work));
  }
  /// What read_listing() gives from now on has all that is committed now.
  virtual void expect_all_in_listings() {}
  /// Runs `work` in a writing transaction; commits when it returns a value, rolls back when it
  /// returns an error or throws DatabaseError. Committed means durable. `work` may run twice (a
  /// retried serialization failure): it must not change anything but the database.
  template <class Work>
  auto write(Work work) -> io::Task<std::invoke_result_t<Work&, Session&>> {
    return run(Mode::write, std::move(work));
  }
  /// The same for the few small writes by which this process stays alive to others: PostgreSQL has
  /// a connection for them alone, so that they never wait behind other work.
  template <class Work>
  auto write_urgent(Work work) -> io::Task<std::invoke_result_t<Work&, Session&>> {
    return run(Mode::write_urgent, std::move(work));
  }

  /// The same on the calling thread, for start-up, the command line and tests.
  template <class Work>
  auto write_blocking(Work work) -> std::invoke_result_t<Work&, Session&> {
    return transact(Mode::write, work);
  }
  template <class Work>
  auto read_blocking(Work work) -> std::invoke_result_t<Work&, Session&> {
    return transact(Mode::read, work);
  }

  /// A copy of the whole database while it is in use, durable when it returns; conflict when `path`
  /// exists. SQLite: VACUUM INTO; PostgreSQL: unsupported, use pg_dump. Blocking.
  virtual Result<> backup_to(const std::string& path) = 0;

 protected:
  enum class Mode { read, read_listing, write, write_urgent };
  static bool writes(Mode mode) { return mode == Mode::write || mode == Mode::write_urgent; }
  /// Calls `body` inside a transaction; commits when it returns true. Throws DatabaseError.
  virtual void in_transaction(Mode mode, const std::function<bool(Session&)>& body) = 0;
  virtual io::Offload& pool(Mode mode) = 0;

 private:
  /// What the engine says names tables and statements: where the code is one that a client is told
  /// the words of, those go to the log.
  static Error to_public(const DatabaseError& error);

  template <class Work>
  auto transact(Mode mode, Work& work) -> std::invoke_result_t<Work&, Session&> {
    using R = std::invoke_result_t<Work&, Session&>;
    std::optional<R> result;
    try {
      in_transaction(mode, [&](Session& session) {
        result.emplace(work(session));
        return result->has_value();
      });
    } catch (const DatabaseError& error) {
      return std::unexpected(to_public(error));
    }
    return std::move(*result);
  }

  template <class Work>
  auto run(Mode mode, Work work) -> io::Task<std::invoke_result_t<Work&, Session&>> {
    co_return co_await pool(mode).run(
        [this, mode, work = std::move(work)]() mutable { return transact(mode, work); });
  }
};

}  // namespace shoal::db
