#include "db/tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace shoal::db {
namespace {

Result<ColumnType> type_of(const std::string& table, const std::string& column,
                           const std::string& declared) {
  const std::string type = to_lower_ascii(declared);
  if (type == "integer" || type == "bigint") return ColumnType::integer;
  if (type == "double precision") return ColumnType::real;
  if (type == "text") return ColumnType::text;
  return fail(ErrorCode::unsupported,
              fmt::format("{}.{} has the type '{}', which is not known", table, column, declared));
}

Result<Table> describe(Session& session, const std::string& name) {
  Table table{.name = name, .columns = {}, .key = {}, .referenced = {}};
  std::vector<std::pair<std::int64_t, std::size_t>> key;
  for (const Row& row :
       session.query("select name, type, pk from pragma_table_info(:table) order by cid", {name})) {
    TRY(const ColumnType type, type_of(name, row.text(0), row.text(1)));
    if (row.integer(2) > 0) key.emplace_back(row.integer(2), table.columns.size());
    table.columns.push_back({row.text(0), type});
  }
  std::ranges::sort(key);
  for (const auto& [place, column] : key) table.key.push_back(column);
  if (table.key.empty())
    return fail(ErrorCode::unsupported, fmt::format("the table {} has no primary key", name));
  const auto references =
      session.query(R"(select distinct "table" from pragma_foreign_key_list(:table))", {name});
  for (const Row& row : references) table.referenced.insert(row.text(0));
  return table;
}

}  // namespace

Result<std::vector<Table>> tables_in_order(Session& sqlite) {
  std::vector<Table> waiting;
  for (const Row& row : sqlite.query(
           "select name from sqlite_master where type = 'table' and name <> 'schema_migration'"
           " and substr(name, 1, 7) <> 'sqlite_' order by name")) {
    TRY(Table table, describe(sqlite, row.text(0)));
    waiting.push_back(std::move(table));
  }
  std::vector<Table> ordered;
  std::set<std::string> placed;
  while (!waiting.empty()) {
    const auto next = std::ranges::find_if(waiting, [&](const Table& table) {
      return std::ranges::includes(placed, table.referenced);
    });
    if (next == waiting.end()) {
      return fail(
          ErrorCode::unsupported,
          fmt::format("no order of tables keeps the references of {}", waiting.front().name));
    }
    placed.insert(next->name);
    ordered.push_back(std::move(*next));
    waiting.erase(next);
  }
  return ordered;
}

}  // namespace shoal::db
