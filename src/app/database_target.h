#pragma once

#include <string>

#include "app/config/config.h"
#include "base/result.h"

namespace shoal::app {

// The PostgreSQL that `shoal db copy` is told by an URL, as shoal.yaml would name it. Pure.

/// What the URL does not say is as in `configured`, so that the password may come from there or
/// from the environment. Errors: invalid, unsupported (shoal.yaml has no key for something).
Result<Config::Database> target_of(const std::string& url, const Config::Database& configured);
/// The `database` section of shoal.yaml, with its password left out.
std::string database_section(const Config::Database& database);

}  // namespace shoal::app
