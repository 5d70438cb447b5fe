#pragma once

#include <string>

#include "app/config/config.h"
#include "base/result.h"
#include "db/database.h"

namespace shoal::app {

/// Moves the catalogue to the PostgreSQL at `url`, or goes on with that, and prints what it does,
/// what the comparison saw and what to change in the configuration. Errors: unsupported (the
/// instance has PostgreSQL), conflict (a server runs, or the target holds something else), corrupt
/// (the copy is not the same), and those of both databases.
Result<> copy_to_postgresql(db::Database& source, const Config& config, const std::string& url);

}  // namespace shoal::app
