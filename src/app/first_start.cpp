#include "app/first_start.h"

#include <cstdlib>

#include "catalog/password.h"
#include "cli/users.h"

namespace shoal::app {
Result<FirstStart> ensure_first_start(db::Database& database, Random& random, const Clock& clock,
                                      const std::string& origin, const std::string& admin_email) {
  FirstStart start;
  const UtcTime now = clock.now();
  TRY(start.identity,
      database.write_blocking([&](db::Session& session) -> Result<catalog::InstanceIdentity> {
        return catalog::ensure_identity(session, random, now);
      }));
  TRY(const bool has_root, database.read_blocking([](db::Session& session) -> Result<bool> {
    return catalog::has_administrator(session);
  }));
  if (has_root) return start;

  const char* given = std::getenv("SHOAL_INITIAL_ROOT_PASSWORD");
  std::string password = given != nullptr ? given : "";
  if (password.empty()) {
    password = cli::random_password(random);
    start.generated_root_password = password;
  }
  TRY(const std::string hash, catalog::hash_password(password, random));
  auto created = database.write_blocking([&](db::Session& session) {
    return catalog::create_root(session, hash, admin_email, origin, now);
  });
  // Another node of the cluster may have been first: then its password counts.
  if (!created && created.error().code == ErrorCode::conflict) {
    start.generated_root_password.clear();
    return start;
  }
  TRY_VOID(std::move(created));
  return start;
}

}  // namespace shoal::app
