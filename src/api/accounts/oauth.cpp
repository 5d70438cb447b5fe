#include <fmt/format.h>

#include "api/accounts/passwords.h"
#include "api/accounts/routes.h"
#include "api/core/body.h"
#include "base/text.h"

namespace shoal::api {
namespace {

Problem oauth_error(std::string code, std::string detail) {
  return Problem(400, std::move(detail)).with_code(std::move(code));
}

bool is_loopback(std::string_view host) {
  const std::string_view name = host.substr(0, host.rfind(':'));
  return name == "localhost" || name == "127.0.0.1" || name == "[::1]";
}

/// Another site's page must not read the client under a name of its own (DNS rebinding).
bool is_our_host(std::string_view host, std::string_view ours) {
  return iequals(host, ours) || (is_loopback(host) && is_loopback(ours));
}

io::Task<Reply> get_oauth_client(Call& call) {
  const std::string_view host = call.request.headers.find("Host").value_or("");
  if (!is_our_host(host, call.context.config.host)) {
    co_return refuse(
        403, fmt::format("Getting client tokens for host {} is forbidden", host.substr(0, 255)));
  }
  JsonWriter json;
  json.object([&] {
    json.field("client_id", call.context.config.identity.client_id);
    json.field("client_secret", call.context.config.identity.client_secret);
  });
  co_return json_response(json);
}

net::Response tokens_response(const catalog::IssuedTokens& issued) {
  JsonWriter json;
  json.object([&] {
    json.field("token_type", "Bearer").field("access_token", issued.access_token);
    json.field("refresh_token", issued.refresh_token);
    json.field("expires_in", issued.expires_in.count());
    json.field("refresh_token_expires_in", issued.refresh_expires_in.count());
  });
  net::Response response = json_response(json);
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("Pragma", "no-cache");
  return response;
}

Answer<> check_client(Context& context, Fields& body) {
  const auto id = body.text("client_id");
  const auto secret = body.text("client_secret");
  if (!id || !secret) {
    return refuse(
        oauth_error("invalid_client", "Invalid client: cannot retrieve client credentials"));
  }
  const auto& identity = context.config.identity;
  if (!constant_time_equals(*id, identity.client_id) ||
      !constant_time_equals(*secret, identity.client_secret)) {
    return refuse(oauth_error("invalid_client", "Invalid client: client is invalid"));
  }
  return {};
}

Problem wrong_password() {
  return oauth_error("invalid_grant", "Invalid grant: user credentials are invalid");
}

Problem missing(std::string_view parameter) {
  return oauth_error("invalid_request", fmt::format("Missing parameter: `{}`", parameter));
}

/// Tokens for who has given the right password, if it is still the right one: it took its time to
/// check, and it may have been changed, or the user blocked, meanwhile.
Answer<catalog::IssuedTokens> let_in(db::Session& session, Context& context,
                                     const catalog::Credentials& checked) {
  const auto now = context.clock.now();
  const auto current = catalog::find_credentials(session, checked.id);
  if (!current || current->password_hash != checked.password_hash) return refuse(wrong_password());
  if (current->blocked) return refuse(oauth_error("access_denied", "User is blocked."));
  catalog::touch_login(session, checked.id, now);
  return catalog::issue_tokens(session, context.random, checked.id, now);
}

io::Task<Reply> password_grant(Call& call, Fields& body) {
  Context& context = call.context;
  const std::string& client = call.request.client_address;
  const auto login = body.text("username", {1, 400});
  if (!login) co_return refuse(missing("username"));
  const auto password = body.text("password", {1, k_max_password});
  if (!password) co_return refuse(missing("password"));
  CO_TRY(const auto credentials, co_await try_password(context, *login, client, *password));
  if (!credentials) co_return refuse(wrong_password());
  CO_TRY(const auto issued,
         co_await context.database.write([&context, &credentials](db::Session& session) {
           return let_in(session, context, *credentials);
         }));
  co_return tokens_response(issued);
}

struct Refreshed {
  UserId user;
  catalog::IssuedTokens tokens;
};

io::Task<Reply> refresh_grant(Context& context, Fields& body) {
  const auto token = body.text("refresh_token", {1, 200});
  if (!token) co_return refuse(missing("refresh_token"));
  CO_TRY(auto refreshed,
         co_await context.database.write([&random = context.random, token = *token,
                                          now = context.clock.now()](
                                             db::Session& session) -> Answer<Refreshed> {
           const auto user = catalog::consume_refresh_token(session, token, now);
           if (!user) {
             return refuse(oauth_error("invalid_grant", "Invalid grant: refresh token is invalid"));
           }
           return Refreshed{*user, catalog::issue_tokens(session, random, *user, now)};
         }));
  context.callers.forget(refreshed.user);
  co_return tokens_response(refreshed.tokens);
}

io::Task<Reply> get_oauth_token(Call& call) {
  CO_TRY(auto body, co_await read_fields(call, BodyLimits::of_anybody()));
  const auto grant = body.text("grant_type", {1, 100});
  if (!grant) co_return refuse(missing("grant_type"));
  CO_TRY_VOID(check_client(call.context, body));
  if (*grant == "password") co_return co_await password_grant(call, body);
  if (*grant == "refresh_token") co_return co_await refresh_grant(call.context, body);
  co_return refuse(
      oauth_error("unsupported_grant_type", "Unsupported grant type: `grant_type` is invalid"));
}

io::Task<Reply> revoke_oauth_token(Call& call) {
  CO_TRY_VOID(co_await call.context.database.write(
      [token = call.user().token](db::Session& session) -> Result<> {
        catalog::revoke_token(session, token);
        return {};
      }));
  call.context.callers.forget(call.user().id);
  co_return json_response(R"({"success":true})");
}

}  // namespace

void add_oauth_routes(Routes& routes) {
  routes.get("/api/v1/oauth-clients/local", {.operation = "getOAuthClient"}, get_oauth_client);
  routes.post("/api/v1/users/token", {.operation = "getOAuthToken", .limit = Limit::login},
              get_oauth_token);
  routes.post("/api/v1/users/revoke-token",
              {.operation = "revokeOAuthToken", .access = Access::signed_in}, revoke_oauth_token);
}

}  // namespace shoal::api
