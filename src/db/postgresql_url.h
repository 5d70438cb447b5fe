#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace shoal::db {

/// What an URL such as postgresql://user:password@host:5432/name?sslmode=require says, by libpq's
/// words: host, port, dbname, user, password, sslmode … What it does not say is not there. Errors:
/// invalid (the message holds nothing of the URL, for the password's sake).
Result<std::map<std::string, std::string>> parse_postgresql_url(const std::string& url);

}  // namespace shoal::db
