#include "api/accounts/signup.h"

#include "catalog/users.h"

namespace shoal::api {

io::Task<Answer<bool>> is_signup_open(Context& context) {
  const auto settings = co_await context.settings.get();
  if (!settings->signup.enabled) co_return false;
  if (settings->signup.limit < 0) co_return true;
  CO_TRY(const auto users,
         co_await context.database.read([](db::Session& session) -> Result<std::int64_t> {
           return catalog::count_users(session, {});
         }));
  co_return users < settings->signup.limit;
}

}  // namespace shoal::api
