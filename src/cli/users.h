#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "catalog/users.h"
#include "db/database.h"

/// What an administrator does with users at a shell. Blocking; the server may run meanwhile.
namespace shoal::cli {

struct NewUserOptions {
  std::string username;
  std::string email;
  catalog::Role role = catalog::Role::user;
};

struct MadeUser {
  /// Shown once, kept nowhere.
  std::string password;
};

/// 20 characters without look-alikes.
std::string random_password(Random& random);

/// Errors: invalid (name or address), conflict (taken).
Result<MadeUser> create_user(db::Database& database, const NewUserOptions& user,
                             const std::string& origin, Random& random, const Clock& clock);
/// Gives a new random password and ends all sessions of the user. Errors: not_found.
Result<std::string> reset_password(db::Database& database, const std::string& login, Random& random,
                                   const Clock& clock);
Result<> set_blocked(db::Database& database, const std::string& login, bool blocked,
                     const Clock& clock);
/// "https://video.example.org": what the instance was first started as, for commands that are not
/// told. Errors: not_found (never started).
Result<std::string> known_origin(db::Database& database);
Result<std::vector<catalog::User>> list_users(db::Database& database);

}  // namespace shoal::cli
