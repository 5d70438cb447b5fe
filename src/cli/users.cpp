#include "cli/users.h"

#include "catalog/password.h"
#include "catalog/tokens.h"

namespace shoal::cli {
namespace {

bool is_username(std::string_view name) {
  return !name.empty() && name.size() <= 50 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._") == std::string_view::npos;
}

Result<UserId> find(db::Session& session, const std::string& login) {
  const auto found = catalog::find_credentials(session, login);
  if (!found) return fail(ErrorCode::not_found, "there is no user '" + login + "'");
  return found->id;
}

}  // namespace

std::string random_password(Random& random) {
  constexpr std::string_view k_letters = "abcdefghjkmnpqrstuvwxyz23456789";
  std::string out;
  for (int i = 0; i < 20; ++i) out.push_back(k_letters[random.below(k_letters.size())]);
  return out;
}

Result<MadeUser> create_user(db::Database& database, const NewUserOptions& user,
                             const std::string& origin, Random& random, const Clock& clock) {
  if (!is_username(user.username)) {
    return fail(ErrorCode::invalid,
                "a username has 1 to 50 of a-z, 0-9, '.' and '_': '" + user.username + "'");
  }
  if (user.email.find('@') == std::string::npos)
    return fail(ErrorCode::invalid, "this is no e-mail address: '" + user.email + "'");
  MadeUser made{random_password(random)};
  catalog::NewUser row;
  row.username = user.username;
  row.email = user.email;
  row.role = user.role;
  TRY(row.password_hash, catalog::hash_password(made.password, random));
  TRY_VOID(database.write_blocking([&](db::Session& session) {
    return catalog::create_user(session, row, origin, clock.now());
  }));
  return made;
}

Result<std::string> reset_password(db::Database& database, const std::string& login, Random& random,
                                   const Clock& clock) {
  std::string password = random_password(random);
  catalog::UserChanges changes;
  TRY(changes.password_hash, catalog::hash_password(password, random));
  TRY_VOID(database.write_blocking([&](db::Session& session) -> Result<> {
    TRY(const UserId user, find(session, login));
    TRY_VOID(catalog::update_user(session, user, changes, clock.now()));
    catalog::revoke_tokens(session, user);
    return {};
  }));
  return password;
}

Result<> set_blocked(db::Database& database, const std::string& login, bool blocked,
                     const Clock& clock) {
  return database.write_blocking([&](db::Session& session) -> Result<> {
    TRY(const UserId user, find(session, login));
    return catalog::set_blocked(session, user, blocked, std::nullopt, clock.now());
  });
}

Result<std::string> known_origin(db::Database& database) {
  return database.read_blocking([](db::Session& session) -> Result<std::string> {
    const auto row =
        session.query_one("select url from actor where host is null order by id limit 1");
    if (!row) return fail(ErrorCode::not_found, "this instance was never started");
    const std::string& url = row->text(0);
    return url.substr(0, url.find('/', url.find("://") + 3));
  });
}

Result<std::vector<catalog::User>> list_users(db::Database& database) {
  return database.read_blocking([](db::Session& session) -> Result<std::vector<catalog::User>> {
    return catalog::list_users(session, {}, {}, 0, catalog::count_users(session, {}));
  });
}

}  // namespace shoal::cli
