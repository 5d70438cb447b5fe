#pragma once

#include "base/clock.h"
#include "db/session.h"

namespace shoal::db {

/// The database's clock: PostgreSQL's own, so that leases of many nodes compare one clock; for
/// SQLite the machine's (one program owns the file). DatabaseConfig::clock replaces it in tests.
inline UtcTime now(Session& session) {
  return session.now();
}
inline std::int64_t now_ms(Session& session) {
  return to_millis(session.now());
}

}  // namespace shoal::db
