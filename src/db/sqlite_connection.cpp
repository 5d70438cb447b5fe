// Cells cross through SQLite's own handle: SOCI 4.0.3's dynamic rows guess a column's type from its
// declaration and lose integers above 2^31, and its `into` elements copy every cell twice. SOCI
// keeps the connection, the statements and the error type. See decision 007.
//
// soci-sqlite3.h declares SQLite's functions inside `sqlite_api`; sqlite3.h itself must never be
// included here.
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "base/check.h"
#include "db/connection.h"
#include "db/statement_cache.h"

namespace shoal::db {

namespace {

namespace api = sqlite_api;

ErrorCode code_of(int result) {
  switch (result & 0xff) {
    case SQLITE_CONSTRAINT:
      return ErrorCode::conflict;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::busy;
    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
      return ErrorCode::unavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::corrupt;
    case SQLITE_TOOBIG:
      return ErrorCode::too_large;
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
      return ErrorCode::invalid;
    default:
      return ErrorCode::internal;
  }
}

[[noreturn]] void throw_error(int result, const char* detail) {
  // SQLite's messages name tables and columns, never values.
  throw DatabaseError(code_of(result), fmt::format("the database refused it: {}", detail));
}

/// One prepared statement and what never changes about it.
struct SqliteStatement {
  std::unique_ptr<soci::statement> owner;
  api::sqlite3_stmt* handle = nullptr;
  int parameters = 0;
  int columns = 0;
};

/// Resets and unbinds when the scope ends: a statement that is not reset keeps its snapshot open.
class Execution {
 public:
  explicit Execution(api::sqlite3_stmt* handle) : handle_(handle) {}
  ~Execution() {
    api::sqlite3_reset(handle_);
    api::sqlite3_clear_bindings(handle_);
  }
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

 private:
  api::sqlite3_stmt* handle_;
};

class SqliteConnection final : public Connection {
 public:
  explicit SqliteConnection(const SqliteSettings& settings)
      : read_only_(settings.read_only), clock_(settings.clock), statements_(k_cached_statements) {
    const std::string target =
        fmt::format("db=\"{}\"{}{}", settings.path, settings.read_only ? " readonly=true" : "",
                    settings.vfs.empty() ? "" : " vfs=" + settings.vfs);
    try {
      session_ = std::make_unique<soci::session>(soci::sqlite3, target);
    } catch (const soci::sqlite3_soci_error& error) {
      throw_error(error.result(), "cannot open the file");
    } catch (const soci::soci_error&) {
      throw DatabaseError(ErrorCode::unavailable, "cannot open the database file");
    }
    handle_ = static_cast<soci::sqlite3_session_backend*>(session_->get_backend())->conn_;
    api::sqlite3_extended_result_codes(handle_, 1);
    api::sqlite3_busy_timeout(handle_, static_cast<int>(settings.busy_timeout.count()));
    run_script("pragma foreign_keys=on; pragma cache_size=-2048; pragma temp_store=memory;");
    if (!read_only_) {
      // FULL: a commit is on disk before it is acknowledged. Checkpoints are ours (after_commit).
      run_script(
          "pragma journal_mode=wal; pragma synchronous=full; pragma wal_autocheckpoint=0;"
          "pragma journal_size_limit=16777216;");
      api::sqlite3_wal_hook(handle_, &SqliteConnection::on_wal, this);
    } else {
      run_script("pragma query_only=on;");
    }
  }

  ~SqliteConnection() override { statements_.clear(); }

  Engine engine() const override { return Engine::sqlite; }
  UtcTime now() override { return clock_ ? clock_->now() : SystemClock().now(); }
  bool is_open() const override { return true; }

  void run_script(const std::string& sql) override {
    const int result = api::sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) throw_error(result, api::sqlite3_errmsg(handle_));
  }

 protected:
  Rows do_query(std::string_view sql, const std::vector<Value>& arguments) override {
    SqliteStatement& statement = prepared(sql);
    const Execution execution(statement.handle);
    bind(statement, sql, arguments);
    Rows rows;
    while (step(statement)) rows.push_back(read_row(statement));
    return rows;
  }

  std::int64_t do_execute(std::string_view sql, const std::vector<Value>& arguments) override {
    SqliteStatement& statement = prepared(sql);
    const Execution execution(statement.handle);
    bind(statement, sql, arguments);
    while (step(statement)) {
    }
    return api::sqlite3_stmt_readonly(statement.handle) ? 0 : api::sqlite3_changes64(handle_);
  }

  void do_begin(bool writing) override { run_plain(writing ? "begin immediate" : "begin"); }

  void do_commit() override {
    run_plain("commit");
    if (wal_pages_ >= k_checkpoint_pages) checkpoint();
  }

  void do_rollback() override {
    // A full disk or a failed commit may have rolled back already.
    if (!api::sqlite3_get_autocommit(handle_)) run_plain("rollback");
  }

  // One program owns the file: nobody else to tell.
  void do_notify(const std::string&) override {}

 private:
  // 4 MiB, then 32 MiB, of 4 KiB pages.
  static constexpr int k_checkpoint_pages = 1000;
  static constexpr int k_restart_pages = 8000;

  static int on_wal(void* self, api::sqlite3*, const char*, int pages) {
    static_cast<SqliteConnection*>(self)->wal_pages_ = pages;
    return SQLITE_OK;
  }

  /// Copies the log into the database without waiting for readers. Readers that overlap without a
  /// gap keep the log from starting over: when it has grown too far, wait for them once.
  /// A failure loses nothing: the commit is in the log, and the next one tries again.
  void checkpoint() {
    const int mode =
        wal_pages_ >= k_restart_pages ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
    api::sqlite3_wal_checkpoint_v2(handle_, nullptr, mode, nullptr, nullptr);
  }

  void run_plain(std::string_view sql) {
    SqliteStatement& statement = prepared(sql);
    const Execution execution(statement.handle);
    step(statement);
  }

  SqliteStatement& prepared(std::string_view sql) {
    return statements_.get(sql, [this](std::string_view text) {
      SqliteStatement statement;
      statement.owner = std::make_unique<soci::statement>(*session_);
      statement.owner->alloc();
      try {
        statement.owner->prepare(std::string(text), soci::details::st_repeatable_query);
      } catch (const soci::soci_error&) {
        throw_error(api::sqlite3_extended_errcode(handle_), api::sqlite3_errmsg(handle_));
      }
      statement.handle =
          static_cast<soci::sqlite3_statement_backend*>(statement.owner->get_backend())->stmt_;
      statement.parameters = api::sqlite3_bind_parameter_count(statement.handle);
      statement.columns = api::sqlite3_column_count(statement.handle);
      return statement;
    });
  }

  void bind(SqliteStatement& statement, std::string_view sql, const std::vector<Value>& arguments) {
    if (static_cast<std::size_t>(statement.parameters) != arguments.size()) {
      throw DatabaseError(ErrorCode::internal,
                          fmt::format("{} arguments for {} names in: {}", arguments.size(),
                                      statement.parameters, sql));
    }
    int position = 0;
    for (const Value& argument : arguments) {
      check_argument(argument);
      const int result = bind_one(statement.handle, ++position, argument.data());
      if (result != SQLITE_OK) throw_error(result, api::sqlite3_errmsg(handle_));
    }
  }

  static int bind_one(api::sqlite3_stmt* handle, int position, const Value::Data& data) {
    if (const auto* number = std::get_if<std::int64_t>(&data)) {
      return api::sqlite3_bind_int64(handle, position, *number);
    }
    if (const auto* real = std::get_if<double>(&data)) {
      return api::sqlite3_bind_double(handle, position, *real);
    }
    if (const auto* text = std::get_if<std::string>(&data)) {
      // Static: the arguments outlive the execution.
      return api::sqlite3_bind_text64(handle, position, text->data(), text->size(), nullptr,
                                      SQLITE_UTF8);
    }
    return api::sqlite3_bind_null(handle, position);
  }

  bool step(SqliteStatement& statement) {
    const int result = api::sqlite3_step(statement.handle);
    if (result == SQLITE_ROW) return true;
    if (result == SQLITE_DONE) return false;
    throw_error(result, api::sqlite3_errmsg(handle_));
  }

  static Row read_row(const SqliteStatement& statement) {
    std::vector<std::optional<std::string>> cells(static_cast<std::size_t>(statement.columns));
    for (int i = 0; i < statement.columns; ++i) {
      const int type = api::sqlite3_column_type(statement.handle, i);
      if (type == SQLITE_NULL) continue;
      if (type == SQLITE_INTEGER) {
        // SQLite's own conversion goes through its printf: ten times as slow.
        char digits[24];
        const auto end = std::to_chars(digits, digits + sizeof digits,
                                       api::sqlite3_column_int64(statement.handle, i));
        cells[static_cast<std::size_t>(i)].emplace(digits, end.ptr);
        continue;
      }
      if (type == SQLITE_FLOAT) {
        // SQLite prints 15 digits; this is the shortest text that reads back as the same number.
        cells[static_cast<std::size_t>(i)] =
            fmt::to_string(api::sqlite3_column_double(statement.handle, i));
        continue;
      }
      const auto* text =
          reinterpret_cast<const char*>(api::sqlite3_column_text(statement.handle, i));
      const auto bytes = static_cast<std::size_t>(api::sqlite3_column_bytes(statement.handle, i));
      cells[static_cast<std::size_t>(i)].emplace(text, bytes);
    }
    return Row(std::move(cells));
  }

  bool read_only_;
  std::shared_ptr<const Clock> clock_;
  int wal_pages_ = 0;
  std::unique_ptr<soci::session> session_;
  api::sqlite3* handle_ = nullptr;
  StatementCache<SqliteStatement> statements_;
};

}  // namespace

std::unique_ptr<Connection> connect_sqlite(const SqliteSettings& settings) {
  // A connection is one thread's at a time (ConnectionPool sees to it), so SQLite need not lock it
  // for every cell. Once, before the first connection of the process.
  static std::once_flag configured;
  std::call_once(configured, [] {
    api::sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    api::sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  });
  return std::make_unique<SqliteConnection>(settings);
}

}  // namespace shoal::db
