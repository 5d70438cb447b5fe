#include "db/database.h"

#include <thread>

#include "base/log.h"
#include "base/random.h"
#include "db/connection_pool.h"
#include "db/database_copy.h"
#include "db/migrations.h"
#include "db/replica.h"
#include "io/file_system.h"

namespace shoal::db {

namespace {

constexpr int k_attempts = 6;

std::vector<double> transaction_bounds() {
  return {0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10};
}

/// Counts of one kind of transaction.
struct Meter {
  Meter(Metrics& metrics, const std::string& mode)
      : seconds(metrics.histogram("shoal_db_transaction_seconds",
                                  "Time of database transactions without their wait for a thread",
                                  transaction_bounds(), {{"mode", mode}})),
        statements(metrics.counter("shoal_db_statements_total",
                                   "Statements in transactions, without their begin and commit",
                                   {{"mode", mode}})),
        retries(metrics.counter("shoal_db_retries_total",
                                "Transactions run again after a conflict or a lost connection",
                                {{"mode", mode}})),
        failures(metrics.counter("shoal_db_failures_total",
                                 "Transactions that the database refused", {{"mode", mode}})) {}
  Histogram seconds;
  Counter statements;
  Counter retries;
  Counter failures;
};

/// Both engines: they differ in how many connections read and write, and in how one is made.
class PooledDatabase : public Database {
 public:
  PooledDatabase(DatabaseConfig config, Metrics& metrics)
      : config_(std::move(config)), read_meter_(metrics, "read"), write_meter_(metrics, "write") {}

  Engine engine() const override { return config_.engine; }
  Notifier& notifier() override { return notifier_; }

 protected:
  virtual ConnectionPool& connections(Mode mode) = 0;

  void in_transaction(Mode mode, const std::function<bool(Session&)>& body) override {
    const Meter& meter = writes(mode) ? write_meter_ : read_meter_;
    for (int attempt = 1;; ++attempt) {
      try {
        const auto begun = std::chrono::steady_clock::now();
        run_once(connections(mode), mode, body, meter);
        meter.seconds.observe(
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
        return;
      } catch (const SerializationFailure&) {
        if (attempt == k_attempts) {
          meter.failures.add();
          throw;
        }
      } catch (const ConnectionLost&) {
        connections(mode).drop_idle();
        if (attempt == 2) {
          meter.failures.add();
          throw;
        }
      } catch (const DatabaseError&) {
        meter.failures.add();
        throw;
      }
      meter.retries.add();
      back_off(attempt);
    }
  }

  DatabaseConfig config_;
  Notifier notifier_;

  void run_once(ConnectionPool& from, Mode mode, const std::function<bool(Session&)>& body,
                const Meter& meter) {
    const auto connection = from.take(config_.busy_timeout);
    connection->begin(writes(mode));
    bool is_good = false;
    try {
      is_good = body(*connection);
      if (is_good) connection->commit();
    } catch (...) {
      connection->rollback();
      meter.statements.add(static_cast<double>(connection->statements()));
      throw;
    }
    meter.statements.add(static_cast<double>(connection->statements()));
    if (!is_good) {
      connection->rollback();
      return;
    }
    for (const auto& channel : connection->take_notifications()) notifier_.signal(channel);
  }

 private:
  /// On a pool thread: two transactions that met must not meet again in step.
  static void back_off(int attempt) {
    SystemRandom random;
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(1000ull << attempt)));
  }

  Meter read_meter_;
  Meter write_meter_;
};

class SqliteDatabase final : public PooledDatabase {
 public:
  SqliteDatabase(DatabaseConfig config, Metrics& metrics)
      : PooledDatabase(std::move(config), metrics),
        writer_(1, [this] { return connect_sqlite(settings(false)); }),
        readers_(config_.readers, [this] { return connect_sqlite(settings(true)); }),
        write_pool_("db-write", 1, config_.queue_limit),
        read_pool_("db-read", config_.readers, config_.queue_limit) {}

  Result<> backup_to(const std::string& path) override {
    io::PosixFileSystem files;
    if (files.status(path)) return fail(ErrorCode::conflict, "the backup file exists: " + path);
    const std::string part = path + ".part";
    if (files.status(part)) TRY_VOID(files.remove(part));
    try {
      // One snapshot; readers and the writer go on meanwhile.
      connect_sqlite(settings(false))->execute("vacuum into :path", {part});
    } catch (const DatabaseError& error) {
      return fail(error.code, error.what());
    }
    TRY(auto file, files.open(part, io::OpenMode::write));
    TRY_VOID(file->sync());
    TRY_VOID(files.rename(part, path));
    return files.sync_directory(io::Path(path).parent_path());
  }

 protected:
  ConnectionPool& connections(Mode mode) override { return writes(mode) ? writer_ : readers_; }
  io::Offload& pool(Mode mode) override { return writes(mode) ? write_pool_ : read_pool_; }

 private:
  SqliteSettings settings(bool read_only) const {
    return {config_.sqlite_path, read_only, config_.busy_timeout, config_.sqlite_vfs,
            config_.clock};
  }

  ConnectionPool writer_;
  ConnectionPool readers_;
  // Last: they wait for transactions that use the members above.
  io::Offload write_pool_;
  io::Offload read_pool_;
};

class PostgresqlDatabase final : public PooledDatabase {
 public:
  PostgresqlDatabase(DatabaseConfig config, Metrics& metrics)
      : PooledDatabase(std::move(config), metrics),
        connections_(config_.readers, [this] { return connect_postgresql(settings()); }),
        urgent_connections_(1, [this] { return connect_postgresql(settings()); }),
        replica_meter_(metrics, "replica"),
        listener_(config_.postgresql_url, notifier_),
        pool_("db", config_.readers, config_.queue_limit),
        urgent_pool_("db-urgent", 1, config_.queue_limit) {
    replicas_.reserve(config_.replicas.size());
    for (const DatabaseConfig::Replica& replica : config_.replicas) {
      PostgresqlSettings to_replica = settings();
      to_replica.url = replica.url;
      replicas_.push_back(
          std::make_unique<Replica>(ReplicaSettings{.name = replica.name,
                                                    .replica = std::move(to_replica),
                                                    .primary = settings(),
                                                    .connections = config_.readers,
                                                    .longest_lag = config_.longest_replica_lag},
                                    metrics));
    }
    // A pool of its own: reads that hang on a replica keep no thread from the primary.
    if (!replicas_.empty())
      listing_pool_.emplace("db-replica", config_.readers * replicas_.size(), config_.queue_limit);
  }

  Result<> backup_to(const std::string&) override {
    return fail(ErrorCode::unsupported,
                "this database is PostgreSQL's: copy it with pg_dump, and after it the folders "
                "media and uploads");
  }

 protected:
  ConnectionPool& connections(Mode mode) override {
    return mode == Mode::write_urgent ? urgent_connections_ : connections_;
  }
  io::Offload& pool(Mode mode) override {
    if (mode == Mode::write_urgent) return urgent_pool_;
    return mode == Mode::read_listing && listing_pool_ ? *listing_pool_ : pool_;
  }

  void in_transaction(Mode mode, const std::function<bool(Session&)>& body) override {
    if (mode == Mode::read_listing) {
      Replica* const replica = choose_replica();
      if (replica != nullptr && read_from(*replica, body)) return;
    }
    PooledDatabase::in_transaction(mode, body);
  }

 public:
  void expect_all_in_listings() override {
    for (const auto& replica : replicas_) replica->expect_all();
  }

 private:
  /// Those that are usable take turns; null: none is.
  Replica* choose_replica() {
    for (std::size_t i = 0; i < replicas_.size(); ++i) {
      Replica& replica = *replicas_[turn_.fetch_add(1) % replicas_.size()];
      if (replica.is_usable()) return &replica;
    }
    return nullptr;
  }
  /// False, and the primary is to be asked, for whatever reason it did not work: the replica may be
  /// gone, behind in the schema, or cancel what stands in the way of its replay.
  bool read_from(Replica& replica, const std::function<bool(Session&)>& body) {
    try {
      const auto begun = std::chrono::steady_clock::now();
      run_once(replica.connections(), Mode::read, body, replica_meter_);
      replica_meter_.seconds.observe(
          std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
      return true;
    } catch (const SerializationFailure&) {
      replica_meter_.retries.add();
    } catch (const DatabaseError& error) {
      log::warn("a database replica failed; the primary is asked", {{"reason", error.what()}});
      replica_meter_.failures.add();
      replica.distrust();
    }
    return false;
  }

  PostgresqlSettings settings() const {
    return {config_.postgresql_url, config_.busy_timeout, config_.clock};
  }

  ConnectionPool connections_;
  ConnectionPool urgent_connections_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::atomic<std::size_t> turn_ = 0;
  Meter replica_meter_;
  PostgresqlListener listener_;
  // Last: they wait for transactions that use the members above.
  io::Offload pool_;
  io::Offload urgent_pool_;
  std::optional<io::Offload> listing_pool_;
};

/// A connection that may wait for another starter's migration.
std::unique_ptr<Connection> connect_to_migrate(const DatabaseConfig& config) {
  const Milliseconds patience = std::max(config.busy_timeout, Milliseconds{60000});
  if (config.engine == Engine::sqlite) {
    return connect_sqlite({config.sqlite_path, false, patience, config.sqlite_vfs, config.clock});
  }
  return connect_postgresql({config.postgresql_url, patience, config.clock});
}

/// Before anything is changed: only `shoal db copy` knows what the copy lacks.
Result<> check_is_whole(Connection& connection) {
  if (connection.engine() == Engine::sqlite) return {};
  if (connection.query_one("select to_regclass('unfinished_copy')")->is_null(0)) return {};
  return fail(ErrorCode::conflict,
              "the database holds an unfinished copy of another one: run `shoal db copy` again "
              "until it says that the copy is finished");
}

Result<std::unique_ptr<Database>> open_database(DatabaseConfig config, Metrics& metrics,
                                                bool is_copy_target) {
  try {
    const auto connection = connect_to_migrate(config);
    if (!is_copy_target) TRY_VOID(check_is_whole(*connection));
    TRY_VOID(migrate(*connection, embedded_migrations()));
  } catch (const DatabaseError& error) {
    return fail(error.code, error.what());
  }
  if (config.engine == Engine::sqlite) {
    return std::make_unique<SqliteDatabase>(std::move(config), metrics);
  }
  return std::make_unique<PostgresqlDatabase>(std::move(config), metrics);
}

}  // namespace

Error Database::to_public(const DatabaseError& error) {
  const auto replace = [&](std::string message) -> Error {
    log::warn("the database refused a transaction",
              {{"code", to_string(error.code)}, {"reason", error.what()}});
    return {error.code, std::move(message)};
  };
  switch (error.code) {
    case ErrorCode::conflict:
      return replace("something that this needs was changed or exists already");
    case ErrorCode::invalid:
      return replace("a value cannot be stored");
    case ErrorCode::too_large:
      return replace("a value is too large to be stored");
    case ErrorCode::busy:
      return replace("the database is busy; try again");
    default:
      return {error.code, error.what()};
  }
}

Result<std::unique_ptr<Database>> Database::open(DatabaseConfig config, Metrics& metrics) {
  return open_database(std::move(config), metrics, false);
}

Result<std::unique_ptr<Database>> open_unfinished_copy(DatabaseConfig config, Metrics& metrics) {
  return open_database(std::move(config), metrics, true);
}

}  // namespace shoal::db
