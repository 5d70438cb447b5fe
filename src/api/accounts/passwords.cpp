#include "api/accounts/passwords.h"

#include <fmt/format.h>

#include "catalog/password.h"

namespace shoal::api {
namespace {

/// A well-formed hash that no password has, for users that do not exist.
constexpr std::string_view k_nobody =
    "$argon2id$v=19$m=19456,t=2,p=1$c2hvYWwtbm9ib2R5LXNhbA$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

}  // namespace

io::Task<Answer<std::optional<catalog::Credentials>>> try_password(Context& context,
                                                                   std::string login,
                                                                   std::string client,
                                                                   std::string password) {
  using Found = std::optional<catalog::Credentials>;
  std::optional<Seconds> wait;
  CO_TRY(const Found found,
         co_await context.database.write([&](db::Session& session) -> Result<Found> {
           wait = context.login_throttle.try_login(session, login, client);
           return wait ? std::nullopt : catalog::find_credentials(session, login);
         }));
  if (wait) {
    co_return refuse(
        Problem(429, fmt::format("Too many wrong passwords; try again in {} s.", wait->count()))
            .with_header("Retry-After", std::to_string(wait->count())));
  }
  std::string hash = found ? found->password_hash : std::string(k_nobody);
  const auto good = co_await context.passwords.run(
      [password = std::move(password), hash = std::move(hash)]() -> Result<bool> {
        return catalog::verify_password(password, hash);
      });
  if (!good) co_return refuse(Problem(good.error()));
  if (!*good || !found) co_return Found();
  CO_TRY_VOID(co_await context.database.write([&](db::Session& session) -> Result<> {
    context.login_throttle.succeeded(session, login, client);
    return {};
  }));
  co_return found;
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
