#include "db/replica.h"

#include "base/log.h"

namespace shoal::db {
namespace {

constexpr Milliseconds k_look_every{500};
/// While it lacks what is expected of it.
constexpr Milliseconds k_look_soon{20};
/// A look that is older says nothing any more: the thread may hang on a server that was cut off.
constexpr Milliseconds k_look_counts_for{1500};
/// Whoever waits for a list must not wait long for a server that is gone: it is asked for by TCP
/// after two seconds, and given up after four. libpq takes the last of words that are repeated.
constexpr const char* k_impatient =
    " connect_timeout=2 tcp_user_timeout=4000 keepalives_idle=2 keepalives_interval=1 "
    "keepalives_count=2";

PostgresqlSettings impatient(PostgresqlSettings settings) {
  settings.url += k_impatient;
  return settings;
}

ReplicaSettings with_limits(ReplicaSettings settings) {
  settings.primary = impatient(std::move(settings.primary));
  settings.replica = impatient(std::move(settings.replica));
  return settings;
}

/// Throws DatabaseError.
Row ask(std::unique_ptr<Connection>& connection, const PostgresqlSettings& settings,
        std::string_view sql) {
  try {
    if (!connection || !connection->is_open()) connection = connect_postgresql(settings);
    connection->begin(false);
    Row row = *connection->query_one(sql);
    connection->commit();
    return row;
  } catch (const DatabaseError&) {
    connection.reset();
    throw;
  }
}

/// What standbys can have, and what is committed: more where commits do not wait for the disk.
constexpr std::string_view k_primary_positions =
    "select cast(pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0') as bigint), "
    "cast(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') as bigint)";
/// Null on a server that is no standby.
constexpr std::string_view k_replica_position =
    "select cast(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') as bigint) "
    "where pg_is_in_recovery() union all select null limit 1";

SteadyTime now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

Replica::Replica(ReplicaSettings settings, Metrics& metrics)
    : settings_(with_limits(std::move(settings))),
      connections_(settings_.connections, [this] { return connect_postgresql(settings_.replica); }),
      lag_gauge_(metrics.gauge("shoal_db_replica_lag_seconds",
                               "How old what a database replica shows is; -1: unknown.",
                               {{"replica", settings_.name}})),
      usable_gauge_(metrics.gauge("shoal_db_replica_usable",
                                  "1 where lists are read from this database replica, else 0.",
                                  {{"replica", settings_.name}})),
      thread_([this] { run(); }) {}

Replica::~Replica() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool Replica::is_usable() const {
  const std::scoped_lock lock(mutex_);
  return is_fresh_ && fulfilled_ == expected_ && now() - looked_at_ < k_look_counts_for;
}

void Replica::expect_all() {
  {
    const std::scoped_lock lock(mutex_);
    ++expected_;
  }
  changed_.notify_all();
}

void Replica::distrust() {
  connections_.drop_idle();
  const std::scoped_lock lock(mutex_);
  is_fresh_ = false;
}

void Replica::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    look();
    lock.lock();
    const bool lacks = is_fresh_ && fulfilled_ != expected_;
    const std::uint64_t known = expected_;
    changed_.wait_for(lock, lacks ? k_look_soon : k_look_every,
                      [&] { return stopping_ || expected_ != known; });
  }
}

void Replica::look() {
  std::uint64_t expected = 0;
  {
    const std::scoped_lock lock(mutex_);
    expected = expected_;
  }
  std::optional<std::int64_t> committed;
  try {
    const Row primary = ask(primary_, settings_.primary, k_primary_positions);
    lag_.note_primary(primary.integer(0), now());
    committed = primary.integer(1);
  } catch (const DatabaseError&) {
    // It is away: nothing new is committed, and the replica has what it has.
    committed.reset();
  }
  try {
    const Row replica = ask(replica_, settings_.replica, k_replica_position);
    if (replica.is_null(0)) {
      set_lag(std::nullopt, expected, false);
    } else {
      const std::int64_t replayed = replica.integer(0);
      set_lag(lag_.lag(replayed, now()), expected, committed && replayed >= *committed);
    }
  } catch (const DatabaseError&) {
    set_lag(std::nullopt, expected, false);
  }
}

void Replica::set_lag(std::optional<Milliseconds> lag, std::uint64_t expected, bool has_all) {
  const bool is_fresh = lag && *lag <= settings_.longest_lag;
  lag_gauge_.set(lag ? std::chrono::duration<double>(*lag).count() : -1);
  usable_gauge_.set(is_fresh ? 1 : 0);
  const std::scoped_lock lock(mutex_);
  if (is_fresh != is_fresh_)
    log::info(is_fresh ? "lists are read from a database replica"
                       : "a database replica is away or behind: lists are read from the primary",
              {{"replica", settings_.name}});
  is_fresh_ = is_fresh;
  looked_at_ = now();
  if (has_all) fulfilled_ = expected;
}

}  // namespace shoal::db
