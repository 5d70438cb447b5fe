#include "db/database_copy.h"

#include <fmt/format.h>

#include <optional>

#include "db/connection.h"
#include "db/row_comparison.h"
#include "db/tables.h"

namespace shoal::db {
namespace {

std::string column_list(const Table& table) {
  std::string list;
  for (const Column& column : table.columns) list += (list.empty() ? "" : ", ") + column.name;
  return list;
}

/// "a, b"; `each` says how a column's name is written.
template <class Each>
std::string key_list(const Table& table, Each each) {
  std::string list;
  for (const std::size_t column : table.key)
    list += (list.empty() ? "" : ", ") + each(table.columns[column]);
  return list;
}

/// A PostgreSQL may order texts as a language does; SQLite orders them by their bytes.
std::string by_bytes(const Column& column) {
  return column.type == ColumnType::text ? column.name + R"( collate "C")" : column.name;
}

Rows source_page(Session& source, const Table& table, const Row* last, std::size_t page_rows) {
  const std::string names = key_list(table, [](const Column& column) { return column.name; });
  std::string sql = fmt::format("select {} from {}", column_list(table), table.name);
  std::vector<Value> arguments;
  if (last != nullptr) {
    sql += fmt::format(" where ({}) > ({})", names,
                       key_list(table, [](const Column& column) { return ":" + column.name; }));
    for (const std::size_t column : table.key)
      arguments.push_back(to_value(*last, column, table.columns[column].type));
  }
  arguments.emplace_back(page_rows);
  return source.query(sql + fmt::format(" order by {} limit :page_rows", names), arguments);
}

void insert_page(Session& target, const Table& table, const Rows& page) {
  std::string sql = fmt::format("insert into {} ({}) values ", table.name, column_list(table));
  std::vector<Value> arguments;
  for (const Row& row : page) {
    sql += arguments.empty() ? "(" : ", (";
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      sql += fmt::format("{}:v{}", i == 0 ? "" : ", ", arguments.size());
      arguments.push_back(to_value(row, i, table.columns[i].type));
    }
    sql += ")";
  }
  target.execute(sql, arguments);
}

/// A whole table is looked at, and sorted, before the first row comes.
void allow_long_statements(Session& target) {
  target.execute("set local statement_timeout = 0");
}

/// Pages come in the order of the key, each in one transaction: what follows the last row that is
/// there is what the target lacks.
Result<> copy_table(Session& source, Database& target, const Table& table, const OnPage& on_page,
                    std::size_t page_rows) {
  TRY(auto last, target.read_blocking([&](Session& session) -> Result<std::optional<Row>> {
    allow_long_statements(session);
    return session.query_one(fmt::format(
        "select {} from {} order by {} limit 1", column_list(table), table.name,
        key_list(table, [](const Column& column) { return by_bytes(column) + " desc"; })));
  }));
  for (;;) {
    Rows page = source_page(source, table, last ? &*last : nullptr, page_rows);
    if (page.empty()) return {};
    const auto copied = target.write_blocking([&](Session& session) -> Result<> {
      insert_page(session, table, page);
      return {};
    });
    if (!copied) {
      return fail(copied.error().code,
                  fmt::format("the table {} cannot be copied from {} to {}: {}", table.name,
                              key_text(table, page.front()), key_text(table, page.back()),
                              copied.error().message));
    }
    TRY_VOID(on_page(table.name, page.size()));
    last = std::move(page.back());
  }
}

/// Empty where the rows are the same.
std::string differing_columns(const Table& table, const Row& a, const Row& b) {
  std::string names;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    if (!is_same(a, b, i, column.type)) names += (names.empty() ? "" : ", ") + column.name;
  }
  return names;
}

TableComparison compare_table(Session& source, Session& target, const Table& table,
                              std::size_t page_rows) {
  // Sorted once and read through a cursor: the target's own index may have another order.
  target.execute(fmt::format("declare copied_{} no scroll cursor for select {} from {} order by {}",
                             table.name, column_list(table), table.name,
                             key_list(table, by_bytes)));
  OrderedRows expected(
      [&](const Row* last) { return source_page(source, table, last, page_rows); });
  OrderedRows copied([&](const Row*) {
    return target.query(fmt::format("fetch {} from copied_{}", page_rows, table.name));
  });
  TableComparison result{.table = table.name, .examples = {}};
  const auto differs = [&](const Row& row, const std::string& how) {
    if (++result.different <= TableComparison::k_examples)
      result.examples.push_back(fmt::format("{}: {}", key_text(table, row), how));
  };
  for (;;) {
    const Row* left = expected.current();
    const Row* right = copied.current();
    if (left == nullptr && right == nullptr) break;
    const int order = left == nullptr    ? 1
                      : right == nullptr ? -1
                                         : compare_keys(table, *left, *right);
    if (order < 0) {
      differs(*left, "is missing in the copy");
    } else if (order > 0) {
      differs(*right, "is only in the copy");
    } else if (const auto columns = differing_columns(table, *left, *right); !columns.empty()) {
      differs(*left, "differs in " + columns);
    }
    if (order <= 0) {
      ++result.rows;
      expected.advance();
    }
    if (order >= 0) copied.advance();
  }
  target.execute(fmt::format("close copied_{}", table.name));
  return result;
}

/// The number of a deleted row does not come back in the copy either.
Result<> finish(Session& source, Session& target, const std::vector<Table>& tables) {
  for (const Table& table : tables) {
    const auto last =
        source.query_one("select seq from sqlite_sequence where name = :table", {table.name});
    if (!last || last->integer(0) == 0) continue;
    target.query("select setval(pg_get_serial_sequence(:table, :column), :last)",
                 {table.name, table.columns[table.key.front()].name, last->integer(0)});
  }
  target.execute("drop table unfinished_copy");
  return {};
}

/// Whose unfinished copy the target is.
std::optional<std::string> marked_instance(Session& target) {
  if (target.query_one("select to_regclass('unfinished_copy')")->is_null(0)) return std::nullopt;
  const auto row = target.query_one("select instance from unfinished_copy");
  return row ? row->optional_text(0) : std::nullopt;
}

/// Whoever the tables belong to.
Result<> check_is_empty(Session& target) {
  for (const Row& table :
       target.query("select tablename, quote_ident(tablename) from pg_tables"
                    " where schemaname = current_schema() and tablename <> 'schema_migration'"
                    " order by tablename")) {
    if (!target.query_one(fmt::format("select 1 from {} limit 1", table.text(1)))) continue;
    return fail(ErrorCode::conflict,
                fmt::format("the target is not empty: its table {} holds rows, and nothing is ever "
                            "overwritten. Make a new database and name that.",
                            table.text(0)));
  }
  return {};
}

Result<> mark(Session& target, const std::string& instance) {
  if (const auto marked = marked_instance(target)) {
    if (*marked == instance) return {};
    return fail(ErrorCode::conflict,
                "the target holds an unfinished copy of another instance. Make a new database and "
                "name that.");
  }
  TRY_VOID(check_is_empty(target));
  target.execute("create table if not exists unfinished_copy (instance text primary key)");
  target.execute("insert into unfinished_copy (instance) values (:instance)", {instance});
  return {};
}

}  // namespace

Result<std::unique_ptr<Database>> open_copy_target(DatabaseConfig config,
                                                   const std::string& instance, Metrics& metrics) {
  try {
    const auto connection = connect_postgresql({config.postgresql_url, config.busy_timeout, {}});
    connection->begin(true);
    // Before it is migrated: what belongs to somebody else is not touched.
    TRY_VOID(mark(*connection, instance));
    connection->commit();
  } catch (const DatabaseError& error) {
    return fail(error.code, error.what());
  }
  return open_unfinished_copy(std::move(config), metrics);
}

Result<std::vector<TableComparison>> copy_database(Database& source, Database& target,
                                                   const OnPage& on_page, std::size_t page_rows) {
  using Comparisons = std::vector<TableComparison>;
  // One writing transaction that writes nothing: other programs wait, or give up.
  return source.write_blocking([&](Session& from) -> Result<Comparisons> {
    TRY(const auto tables, tables_in_order(from));
    for (const Table& table : tables) TRY_VOID(copy_table(from, target, table, on_page, page_rows));
    TRY(Comparisons compared, target.read_blocking([&](Session& to) -> Result<Comparisons> {
      allow_long_statements(to);
      Comparisons results;
      for (const Table& table : tables)
        results.push_back(compare_table(from, to, table, page_rows));
      return results;
    }));
    for (const TableComparison& table : compared) {
      if (table.different > 0) return compared;
    }
    TRY_VOID(target.write_blocking([&](Session& to) { return finish(from, to, tables); }));
    return compared;
  });
}

}  // namespace shoal::db
