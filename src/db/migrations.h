#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/connection.h"

namespace shoal::db {

/// One step of the schema. `sql` is common to both engines; `{id}` stands for the engine's way to
/// number rows. A released step never changes: the next one corrects it.
struct Migration {
  int version = 0;
  std::string_view name;
  std::string_view sql;
};

/// src/db/migrations/*.sql in order of version, embedded by the build.
const std::vector<Migration>& embedded_migrations();

/// Applies what is missing, each step in a transaction of its own that also records its SHA-256.
/// Starters that run at the same time wait for each other. Errors: unsupported (the database is of
/// a later version), corrupt (an applied step is not the one that this program knows), and what the
/// engine refuses. Blocking.
Result<> migrate(Connection& connection, const std::vector<Migration>& migrations);

}  // namespace shoal::db
