#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "db/session.h"

namespace shoal::db {

/// The transaction could not be ordered among others (SQLSTATE 40001, 40P01): run it again.
class SerializationFailure : public DatabaseError {
 public:
  using DatabaseError::DatabaseError;
};
/// The server went away; nothing that was not committed happened.
class ConnectionLost : public DatabaseError {
 public:
  using DatabaseError::DatabaseError;
};

/// A Session with the parts that only Database uses: one connection to an engine. One thread at a
/// time. After a statement failed, the transaction refuses all others and cannot commit, on both
/// engines (PostgreSQL has no other way; use `on conflict` where a conflict is expected).
class Connection : public Session {
 public:
  Rows query(std::string_view sql, const std::vector<Value>& arguments = {}) final;
  std::int64_t execute(std::string_view sql, const std::vector<Value>& arguments = {}) final;

  void notify(std::string_view channel) final;

  void begin(bool writing);
  /// Durable when it returns.
  void commit();
  void rollback() noexcept;
  bool failed() const { return failure_.has_value(); }
  /// Since begin(), failed ones too.
  std::uint64_t statements() const { return statements_; }
  /// The channels to wake, once, after commit() returned.
  std::set<std::string, std::less<>> take_notifications() { return std::exchange(notified_, {}); }

  /// Several statements without arguments, inside a transaction or not.
  virtual void run_script(const std::string& sql) = 0;
  /// False once the server is known to have gone.
  virtual bool is_open() const = 0;

 protected:
  virtual Rows do_query(std::string_view sql, const std::vector<Value>& arguments) = 0;
  virtual std::int64_t do_execute(std::string_view sql, const std::vector<Value>& arguments) = 0;
  virtual void do_begin(bool writing) = 0;
  virtual void do_commit() = 0;
  virtual void do_rollback() = 0;
  /// Tells other processes at commit; in-process waiters are woken by Database.
  virtual void do_notify(const std::string& channel) = 0;

 private:
  std::set<std::string, std::less<>> notified_;
  std::optional<DatabaseError> failure_;
  std::uint64_t statements_ = 0;
};

struct SqliteSettings {
  std::string path;
  bool read_only = false;
  Milliseconds busy_timeout{5000};
  std::string vfs{};                     ///< empty: the default one
  std::shared_ptr<const Clock> clock{};  ///< null: the machine's
};
std::unique_ptr<Connection> connect_sqlite(const SqliteSettings& settings);

struct PostgresqlSettings {
  std::string url;
  Milliseconds lock_timeout{5000};
  std::shared_ptr<const Clock> clock{};  ///< null: the server's
};
std::unique_ptr<Connection> connect_postgresql(const PostgresqlSettings& settings);

/// Refuses text that one of the engines would refuse or cut: broken UTF-8 and NUL.
void check_argument(const Value& argument);

}  // namespace shoal::db
