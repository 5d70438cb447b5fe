#include <fmt/format.h>

#include "api/accounts/new_user.h"
#include "api/accounts/passwords.h"
#include "api/accounts/preferences.h"
#include "api/accounts/routes.h"
#include "api/accounts/signup.h"
#include "api/accounts/user_view.h"
#include "api/core/body.h"
#include "api/core/reply.h"

namespace shoal::api {
namespace {

io::Task<Reply> get_me(Call& call) {
  Context& context = call.context;
  CO_TRY(auto view, co_await context.database.read([id = call.user().id, now = context.clock.now()](
                                                       db::Session& session) -> Answer<UserView> {
    auto found = load_user(session, id, false, now);
    if (!found) return refuse(missing_token());
    return std::move(*found);
  }));
  JsonWriter json(4096);
  write_user(json, view, context.config.host);
  co_return json_response(json);
}

io::Task<Reply> get_my_quota(Call& call) {
  const UtcTime day_ago = call.context.clock.now() - std::chrono::days{1};
  CO_TRY(auto used, co_await call.context.database.read(
                        [id = call.user().id, day_ago](
                            db::Session& session) -> Result<std::pair<std::int64_t, std::int64_t>> {
                          return std::pair(catalog::quota_used(session, id),
                                           catalog::quota_used_since(session, id, day_ago));
                        }));
  JsonWriter json;
  json.object(
      [&] { json.field("videoQuotaUsed", used.first).field("videoQuotaUsedDaily", used.second); });
  co_return json_response(json);
}

/// What PUT users/me asks for.
struct MyChanges {
  catalog::UserChanges user;
  catalog::AccountChanges account;
  std::optional<std::string> password;
  std::optional<std::string> current_password;
};

MyChanges read_my_changes(Fields& body) {
  MyChanges changes;
  changes.password = body.text("password", k_password_rule);
  changes.current_password = body.text("currentPassword", {1, k_max_password});
  changes.user.email = body.text("email", {3, 400, "Should have a valid email address"});
  if (changes.user.email) check_email(body, *changes.user.email);
  changes.account.display_name = body.text("displayName", {1, 120});
  if (body.is_null("description")) {
    changes.account.description.emplace(std::nullopt);
  } else if (body.has("description")) {
    const TextRule rule{3, 1000, {}, true};
    changes.account.description.emplace(body.text("description", rule));
  }
  return changes;
}

/// E-mail and password are changed only by who knows the password, not by who found a session.
io::Task<Answer<>> confirm_password(Call& call, const MyChanges& changes) {
  if (!changes.password && !changes.user.email) co_return Answer<>();
  if (!changes.current_password) {
    co_return refuse(400, "currentPassword parameter is missing");
  }
  CO_TRY(const auto credentials,
         co_await try_password(call.context, call.user().username, call.request.client_address,
                               *changes.current_password));
  if (!credentials) co_return refuse(401, "currentPassword is invalid.");
  co_return Answer<>();
}

Result<> apply_my_changes(db::Session& session, const catalog::TokenOwner& user,
                          const MyChanges& changes, boost::json::object body, UtcTime now) {
  catalog::UserChanges columns = changes.user;
  const auto stored = catalog::find_user(session, user.id);
  if (!stored) return fail(ErrorCode::not_found, "User not found");
  // Read inside the transaction: two clients that change different preferences both succeed.
  Preferences preferences = parse_preferences(stored->preferences);
  Fields fields(std::move(body), "body");
  if (read_preferences(fields, preferences)) columns.preferences = to_text(preferences);
  TRY_VOID(catalog::update_user(session, user.id, columns, now));
  if (changes.account.display_name || changes.account.description) {
    TRY_VOID(catalog::update_account(session, user.account, changes.account, now));
  }
  if (columns.password_hash) catalog::revoke_tokens(session, user.id, user.token);
  return {};
}

io::Task<Reply> put_me(Call& call) {
  Context& context = call.context;
  CO_TRY(auto body, co_await read_fields(call));
  MyChanges changes = read_my_changes(body);
  Preferences checked;
  read_preferences(body, checked);
  CO_TRY_VOID(body.check());
  CO_TRY_VOID(co_await confirm_password(call, changes));
  if (changes.password) {
    CO_TRY(changes.user.password_hash, co_await make_hash(context, *changes.password));
  }
  CO_TRY_VOID(co_await context.database.write(
      [user = call.user(), changes, object = body.object(),
       now = context.clock.now()](db::Session& session) -> Result<> {
        return apply_my_changes(session, user, changes, object, now);
      }));
  context.callers.forget(call.user().id);
  context.responses.clear();
  co_return no_content();
}

constexpr std::string_view k_closed =
    "User registration is not enabled, user limit is reached or registration requires approval.";

io::Task<Reply> register_user(Call& call) {
  Context& context = call.context;
  const auto settings = co_await context.settings.get();
  CO_TRY(const bool open, co_await is_signup_open(context));
  if (!open) co_return refuse(403, std::string(k_closed));
  CO_TRY(auto body, co_await read_fields(call, BodyLimits::of_anybody()));
  NewUserForm form = read_new_user(body);
  if (auto channel = body.nested("channel")) {
    form.user.channel_name = read_channel_name(*channel, "name");
    form.user.channel_display_name = channel->text("displayName", {1, 120}).value_or("");
    body.merge(*channel);
  }
  if (!form.user.channel_name.empty() && form.user.channel_name == form.user.username) {
    body.refuse("channel", "Channel name cannot be the same as user username.");
  }
  CO_TRY_VOID(body.check());
  form.user.video_quota = settings->user.video_quota;
  form.user.video_quota_daily = settings->user.video_quota_daily;
  CO_TRY(form.user.password_hash, co_await make_hash(context, form.password));
  CO_TRY_VOID(co_await context.database.write(
      [user = form.user, origin = context.config.origin, limit = settings->signup.limit,
       now = context.clock.now()](db::Session& session) -> Answer<> {
        // Counted again inside: of many at once none slips past the limit.
        if (limit >= 0 && catalog::count_users(session, {}) >= limit) {
          return refuse(403, std::string(k_closed));
        }
        TRY_VOID(catalog::create_user(session, user, origin, now));
        return {};
      }));
  context.responses.clear();
  co_return no_content();
}

}  // namespace

void add_me_routes(Routes& routes) {
  routes.get("/api/v1/users/me", {.operation = "getUserInfo", .access = Access::signed_in}, get_me);
  routes.put("/api/v1/users/me", {.operation = "putUserInfo", .access = Access::signed_in}, put_me);
  routes.get("/api/v1/users/me/video-quota-used",
             {.operation = "getUserVideoQuotaUsed", .access = Access::signed_in}, get_my_quota);
  routes.post("/api/v1/users/register", {.operation = "registerUser", .limit = Limit::signup},
              register_user);
}

}  // namespace shoal::api
