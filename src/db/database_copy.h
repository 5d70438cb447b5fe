#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "db/database.h"

/// The whole content of a SQLite database, moved to a PostgreSQL. Until the copy is finished and
/// compared the target holds the table `unfinished_copy`, and Database::open refuses it.
namespace shoal::db {

/// What the comparison saw in one table.
struct TableComparison {
  static constexpr std::size_t k_examples = 10;
  std::string table;
  std::uint64_t rows = 0;             ///< in the source
  std::uint64_t different = 0;        ///< changed, missing or too many in the target
  std::vector<std::string> examples;  ///< the first k_examples of them: key, and what differs
};

/// Called for each page once it is durable in the target, with how many rows it has. An error ends
/// the copy there, as a kill would.
using OnPage = std::function<Result<>(const std::string& table, std::size_t rows)>;

/// In memory at once, and in one transaction of the target.
inline constexpr std::size_t k_page_rows = 250;

/// Opens the target, which must be empty or hold an unfinished copy of `instance`, migrates it and
/// marks it as that. Errors: conflict (it holds something else: nothing was changed), and those of
/// Database::open. Blocking.
Result<std::unique_ptr<Database>> open_copy_target(DatabaseConfig config,
                                                   const std::string& instance, Metrics& metrics);

/// As Database::open, of what that refuses (database.cpp).
Result<std::unique_ptr<Database>> open_unfinished_copy(DatabaseConfig config, Metrics& metrics);

/// Copies what the target lacks, and goes on where an earlier call ended. Then compares every row
/// of every table; where nothing differs the copy is finished, and the target may be served. Nobody
/// can write to the source meanwhile. Errors: what either engine refuses, with table and keys.
/// Blocking.
Result<std::vector<TableComparison>> copy_database(Database& source, Database& target,
                                                   const OnPage& on_page,
                                                   std::size_t page_rows = k_page_rows);

}  // namespace shoal::db
