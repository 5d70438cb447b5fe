#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "db/session.h"

namespace shoal::db {

enum class ColumnType { integer, real, text };

struct Column {
  std::string name;
  ColumnType type = ColumnType::text;
};

/// A table as the migrations made it.
struct Table {
  std::string name;
  std::vector<Column> columns;
  std::vector<std::size_t> key;      ///< the primary key's columns, in its order
  std::set<std::string> referenced;  ///< tables that its rows point to
};

/// All tables of a SQLite database but the record of its migrations, each after those that it
/// references. Errors: unsupported (a column of another type, no primary key, a circle).
Result<std::vector<Table>> tables_in_order(Session& sqlite);

}  // namespace shoal::db
