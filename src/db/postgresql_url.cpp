#include "db/postgresql_url.h"

#include <libpq-fe.h>

#include <memory>

namespace shoal::db {

Result<std::map<std::string, std::string>> parse_postgresql_url(const std::string& url) {
  struct Free {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
  };
  const std::unique_ptr<PQconninfoOption, Free> options(PQconninfoParse(url.c_str(), nullptr));
  if (!options) {
    return fail(ErrorCode::invalid,
                "that is no URL of a PostgreSQL: write postgresql://USER@HOST:PORT/NAME, with "
                "special characters as %XX");
  }
  std::map<std::string, std::string> said;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) said.emplace(option->keyword, option->val);
  }
  return said;
}

}  // namespace shoal::db
