// As sqlite_connection.cpp: SOCI keeps the connection, the statements (and turns `:name` into `$n`)
// and the error type; cells cross through libpq, all as text.
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>

#include "base/check.h"
#include "base/text.h"
#include "db/connection.h"
#include "db/notify.h"
#include "db/statement_cache.h"

namespace shoal::db {

namespace {

// pg_type.h: its numbers never change, and libpq's headers do not name them.
constexpr Oid k_bool_type = 16;

/// No statement of the program needs so long, but for those of migrations.
constexpr Milliseconds k_statement_timeout{60'000};

struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PgResult = std::unique_ptr<PGresult, FreeResult>;

/// The primary messages of these classes name constraints and columns, never values.
bool message_is_harmless(std::string_view state) {
  return state.starts_with("23") || state.starts_with("42") || state.starts_with("0A");
}

ErrorCode code_of(std::string_view state) {
  if (state.starts_with("23")) return ErrorCode::conflict;
  if (state == "55P03" || state == "57014") return ErrorCode::busy;  // lock or statement timeout
  if (state.starts_with("22")) return ErrorCode::invalid;
  if (state.starts_with("53") || state.starts_with("57") || state.starts_with("58") ||
      state.starts_with("28") || state == "3D000" || state == "25006") {
    return ErrorCode::unavailable;
  }
  // XX000 is any inner trouble of the server or an extension; XX001 and XX002 are damage.
  if (state == "XX000") return ErrorCode::unavailable;
  if (state.starts_with("XX")) return ErrorCode::corrupt;
  return ErrorCode::internal;
}

bool is_lost(std::string_view state) {
  return state.empty() || state.starts_with("08") || state == "57P01" || state == "57P02" ||
         state == "57P03";
}

[[noreturn]] void throw_state(std::string_view state, std::string_view primary) {
  if (state == "40001" || state == "40P01") {
    throw SerializationFailure(ErrorCode::busy, "two transactions met; try again");
  }
  if (is_lost(state)) {
    throw ConnectionLost(ErrorCode::unavailable, "the database server is not reachable");
  }
  std::string message = fmt::format("the database refused it (SQLSTATE {})", state);
  if (message_is_harmless(state)) message += fmt::format(": {}", primary);
  throw DatabaseError(code_of(state), message);
}

/// One prepared statement and which argument each of its `$n` takes.
struct PgStatement {
  std::unique_ptr<soci::statement> owner;
  std::string name;
  std::vector<std::size_t> argument_of;  ///< a name that appears twice takes one argument
  std::size_t arguments = 0;
};

class PostgresqlConnection final : public Connection {
 public:
  explicit PostgresqlConnection(const PostgresqlSettings& settings)
      : clock_(settings.clock), statements_(k_cached_statements) {
    try {
      session_ = std::make_unique<soci::session>(soci::postgresql, settings.url);
    } catch (const soci::soci_error&) {
      // SOCI's message may hold the connection string and with it a password.
      throw ConnectionLost(ErrorCode::unavailable, "cannot connect to the database server");
    }
    handle_ = static_cast<soci::postgresql_session_backend*>(session_->get_backend())->conn_;
    PQsetNoticeProcessor(handle_, [](void*, const char*) {}, nullptr);
    run_script(
        fmt::format("set client_encoding = 'UTF8'; set lock_timeout = {};"
                    "set statement_timeout = {};"
                    "set idle_in_transaction_session_timeout = 60000;"
                    "set client_min_messages = warning",
                    settings.lock_timeout.count(), k_statement_timeout.count()));
  }

  ~PostgresqlConnection() override { statements_.clear(); }

  Engine engine() const override { return Engine::postgresql; }

  UtcTime now() override {
    if (clock_) return clock_->now();
    const auto rows =
        query("select cast(floor(extract(epoch from clock_timestamp()) * 1000) as bigint)", {});
    return rows.front().time(0);
  }

  bool is_open() const override { return PQstatus(handle_) == CONNECTION_OK; }

  void run_script(const std::string& sql) override {
    check(PgResult(PQexec(handle_, sql.c_str())));
  }

 protected:
  Rows do_query(std::string_view sql, const std::vector<Value>& arguments) override {
    const PgResult result = run(sql, arguments);
    return read_rows(result.get());
  }

  std::int64_t do_execute(std::string_view sql, const std::vector<Value>& arguments) override {
    const PgResult result = run(sql, arguments);
    return parse_int(PQcmdTuples(result.get())).value_or(0);
  }

  void do_begin(bool writing) override {
    run_script(writing ? "begin" : "begin isolation level repeatable read read only");
  }
  void do_commit() override {
    try {
      run_script("commit");
    } catch (const ConnectionLost&) {
      // It may or may not have been committed: not a case for a blind second run.
      throw DatabaseError(ErrorCode::unavailable, "the database server left during a commit");
    }
  }
  void do_rollback() override {
    if (is_open()) run_script("rollback");
  }
  void do_notify(const std::string& channel) override {
    query("select pg_notify(:shoal, :channel)", {k_listen_channel, channel});
  }

 private:
  void check(const PgResult& result) const {
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) {
      return;
    }
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    const char* primary = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
    throw_state(state ? state : "", primary ? primary : "");
  }

  PgStatement& prepared(std::string_view sql) {
    return statements_.get(sql, [this](std::string_view text) {
      PgStatement statement;
      statement.owner = std::make_unique<soci::statement>(*session_);
      statement.owner->alloc();
      try {
        statement.owner->prepare(std::string(text), soci::details::st_repeatable_query);
      } catch (const soci::postgresql_soci_error& error) {
        throw_state(is_open() ? error.sqlstate() : "", fmt::format("in: {}", text));
      }
      const auto* backend =
          static_cast<soci::postgresql_statement_backend*>(statement.owner->get_backend());
      statement.name = backend->statementName_;
      std::map<std::string_view, std::size_t> position;
      for (const std::string& name : backend->names_) {
        const auto [found, is_new] = position.emplace(name, position.size());
        statement.argument_of.push_back(found->second);
      }
      statement.arguments = position.size();
      return statement;
    });
  }

  PgResult run(std::string_view sql, const std::vector<Value>& arguments) {
    const PgStatement& statement = prepared(sql);
    if (statement.arguments != arguments.size()) {
      throw DatabaseError(ErrorCode::internal,
                          fmt::format("{} arguments for {} names in: {}", arguments.size(),
                                      statement.arguments, sql));
    }
    // Numbers need room; texts are used where they are.
    std::vector<std::string> numbers(arguments.size());
    std::vector<const char*> texts(arguments.size());
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      texts[i] = as_text(arguments[i], numbers[i]);
    }
    std::vector<const char*> values;
    values.reserve(statement.argument_of.size());
    for (const std::size_t argument : statement.argument_of) values.push_back(texts[argument]);
    PgResult result(PQexecPrepared(handle_, statement.name.c_str(), static_cast<int>(values.size()),
                                   values.data(), nullptr, nullptr, 0));
    check(result);
    return result;
  }

  static const char* as_text(const Value& argument, std::string& room) {
    check_argument(argument);
    const Value::Data& data = argument.data();
    if (const auto* text = std::get_if<std::string>(&data)) return text->c_str();
    if (const auto* number = std::get_if<std::int64_t>(&data)) {
      room = std::to_string(*number);
    } else if (const auto* real = std::get_if<double>(&data)) {
      room = fmt::to_string(*real);
    } else {
      return nullptr;
    }
    return room.c_str();
  }

  static Rows read_rows(const PGresult* result) {
    const int columns = PQnfields(result);
    const int count = PQntuples(result);
    std::vector<bool> is_bool(static_cast<std::size_t>(columns));
    for (int i = 0; i < columns; ++i) is_bool[i] = PQftype(result, i) == k_bool_type;
    Rows rows;
    rows.reserve(static_cast<std::size_t>(count));
    for (int row = 0; row < count; ++row) {
      std::vector<std::optional<std::string>> cells(static_cast<std::size_t>(columns));
      for (int i = 0; i < columns; ++i) {
        if (PQgetisnull(result, row, i)) continue;
        const char* value = PQgetvalue(result, row, i);
        if (is_bool[i]) {
          cells[i] = *value == 't' ? "1" : "0";
        } else {
          cells[i].emplace(value, static_cast<std::size_t>(PQgetlength(result, row, i)));
        }
      }
      rows.emplace_back(std::move(cells));
    }
    return rows;
  }

  std::shared_ptr<const Clock> clock_;
  std::unique_ptr<soci::session> session_;
  PGconn* handle_ = nullptr;
  StatementCache<PgStatement> statements_;
};

}  // namespace

std::unique_ptr<Connection> connect_postgresql(const PostgresqlSettings& settings) {
  return std::make_unique<PostgresqlConnection>(settings);
}

}  // namespace shoal::db
