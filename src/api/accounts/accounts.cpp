#include "catalog/accounts.h"

#include "api/accounts/account_json.h"
#include "api/accounts/routes.h"
#include "api/core/paging.h"
#include "api/core/reply.h"

namespace shoal::api {
namespace {

io::Task<Reply> get_account(Call& call) {
  Context& context = call.context;
  const auto handle = catalog::Handle::parse(call.parameter("name"), context.config.host);
  if (!handle) co_return refuse(404, "Account not found");
  CO_TRY(auto account, co_await context.database.read(
                           [handle = *handle](db::Session& session) -> Answer<catalog::Account> {
                             auto found = catalog::find_account(session, handle);
                             if (!found) return refuse(404, "Account not found");
                             return std::move(*found);
                           }));
  JsonWriter json;
  write_account(json, account, context.config.host);
  co_return json_response(json);
}

struct AccountPage {
  std::int64_t total = 0;
  std::vector<catalog::Account> accounts;
};

io::Task<Reply> get_accounts(Call& call) {
  Context& context = call.context;
  Fields query = Fields::from(call.request.query, "query");
  const Page page = read_page(query);
  const Sort sort = read_sort(query, {"createdAt", "name"}, "-createdAt");
  CO_TRY_VOID(query.check());
  CO_TRY(auto found,
         co_await context.database.read_listing([=](db::Session& session) -> Result<AccountPage> {
           return AccountPage{catalog::count_accounts(session),
                              catalog::list_accounts(session, sort.field, sort.descending,
                                                     page.start, page.count)};
         }));
  co_return list_response(found.total, found.accounts,
                          [&](JsonWriter& json, const catalog::Account& account) {
                            write_account(json, account, context.config.host);
                          });
}

}  // namespace

void add_accounts_routes(Routes& routes) {
  routes.get("/api/v1/accounts", {.operation = "getAccounts"}, get_accounts);
  routes.get("/api/v1/accounts/:name", {.operation = "getAccount"}, get_account);
}

}  // namespace shoal::api
