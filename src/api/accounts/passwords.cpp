#include "api/accounts/passwords.h"

#include "catalog/password.h"

namespace shoal::api {
namespace {

/// A well-formed hash that no password has, for users that do not exist.
constexpr std::string_view k_nobody =
    "$argon2id$v=19$m=19456,t=2,p=1$c2hvYWwtbm9ib2R5LXNhbA$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

}  // namespace

io::Task<Answer<bool>> check_password(Context& context,
                                      std::optional<catalog::Credentials> credentials,
                                      std::string password) {
  std::string hash = credentials ? credentials->password_hash : std::string(k_nobody);
  auto good = co_await context.passwords.run(
      [password = std::move(password), hash = std::move(hash)]() -> Result<bool> {
        return catalog::verify_password(password, hash);
      });
  if (!good) co_return refuse(Problem(good.error()));
  co_return *good&& credentials.has_value();
}

io::Task<Answer<std::string>> make_hash(Context& context, std::string password) {
  auto hash = co_await context.passwords.run(
      [password = std::move(password), &random = context.random]() -> Result<std::string> {
        return catalog::hash_password(password, random);
      });
  if (!hash) co_return refuse(Problem(hash.error()));
  co_return std::move(*hash);
}

}  // namespace shoal::api
