#include <fmt/format.h>

#include <limits>

#include "api/accounts/deletion.h"
#include "api/accounts/new_user.h"
#include "api/accounts/passwords.h"
#include "api/accounts/routes.h"
#include "api/accounts/user_view.h"
#include "api/core/body.h"
#include "api/core/paging.h"
#include "base/text.h"

namespace shoal::api {
namespace {

constexpr std::int64_t k_max_quota = std::numeric_limits<std::int64_t>::max();

Problem user_not_found() {
  return Problem::not_found("User not found");
}

/// The user that the path names, and whether this caller may manage it: moderators manage ordinary
/// users only.
Answer<catalog::User> managed_user(db::Session& session, const Caller& caller, UserId id) {
  auto user = catalog::find_user(session, id);
  if (!user) return refuse(user_not_found());
  if (!caller.is_administrator() && user->role != catalog::Role::user) {
    return refuse(403, "A moderator can only manage users.");
  }
  return std::move(*user);
}

Answer<UserId> user_id(const Call& call) {
  const auto id = parse_int(call.parameter("id"));
  if (!id || *id < 0) return refuse(Problem::invalid_param("id", "Invalid value", "params"));
  return UserId{*id};
}

struct UserPage {
  std::int64_t total = 0;
  std::vector<UserView> users;
};

io::Task<Reply> get_users(Call& call) {
  Context& context = call.context;
  Fields query = Fields::from(call.request.query, "query");
  const Page page = read_page(query);
  const Sort sort =
      read_sort(query, {"id", "username", "createdAt", "lastLoginDate", "role"}, "createdAt");
  catalog::UserFilter filter;
  filter.search = query.text("search", {0, 200}).value_or("");
  filter.blocked = query.boolean("blocked");
  CO_TRY_VOID(query.check());
  CO_TRY(auto found, co_await context.database.read([=, now = context.clock.now()](
                                                        db::Session& session) -> Result<UserPage> {
    auto users =
        catalog::list_users(session, filter, {sort.field, sort.descending}, page.start, page.count);
    return UserPage{catalog::count_users(session, filter),
                    load_users(session, std::move(users), true, now)};
  }));
  co_return list_response(found.total, found.users, [&](JsonWriter& json, const UserView& view) {
    write_user(json, view, context.config.host);
  });
}

io::Task<Reply> get_user(Call& call) {
  Context& context = call.context;
  CO_TRY(const UserId id, user_id(call));
  Fields query = Fields::from(call.request.query, "query");
  const bool with_stats = query.boolean("withStats").value_or(false);
  CO_TRY_VOID(query.check());
  CO_TRY(auto view, co_await context.database.read([id, with_stats, now = context.clock.now()](
                                                       db::Session& session) -> Answer<UserView> {
    auto found = load_user(session, id, with_stats, now);
    if (!found) return refuse(user_not_found());
    return std::move(*found);
  }));
  JsonWriter json(4096);
  write_user(json, view, context.config.host);
  co_return json_response(json);
}

catalog::Role read_role(Fields& body, catalog::Role fallback) {
  const auto number = body.integer("role", 0, 2, "Should be 0 (administrator), 1 or 2 (user)");
  return number ? static_cast<catalog::Role>(*number) : fallback;
}

io::Task<Reply> add_user(Call& call) {
  Context& context = call.context;
  CO_TRY(auto body, co_await read_fields(call));
  const auto settings = co_await context.settings.get();
  NewUserForm form = read_new_user(body);
  form.user.role = read_role(body, catalog::Role::user);
  form.user.video_quota =
      body.integer("videoQuota", -1, k_max_quota).value_or(settings->user.video_quota);
  form.user.video_quota_daily =
      body.integer("videoQuotaDaily", -1, k_max_quota).value_or(settings->user.video_quota_daily);
  form.user.channel_name = read_channel_name(body, "channelName");
  CO_TRY_VOID(body.check());
  if (!call.caller.is_administrator() && form.user.role != catalog::Role::user) {
    co_return refuse(403, "You can only create users (and not administrators or moderators)");
  }
  if (form.user.channel_name == form.user.username) {
    co_return refuse(400, "Channel name cannot be the same as user username.");
  }
  CO_TRY(form.user.password_hash, co_await make_hash(context, form.password));
  CO_TRY(auto created,
         co_await context.database.write(
             [user = form.user, origin = context.config.origin,
              now = context.clock.now()](db::Session& session) -> Result<catalog::CreatedUser> {
               return catalog::create_user(session, user, origin, now);
             }));
  context.responses.clear();
  JsonWriter json;
  json.object([&] {
    json.key("user").object([&] {
      json.field("id", created.user.value);
      json.key("account").object([&] { json.field("id", created.account.value); });
    });
  });
  co_return json_response(json);
}

io::Task<Reply> put_user(Call& call) {
  Context& context = call.context;
  CO_TRY(const UserId id, user_id(call));
  CO_TRY(auto body, co_await read_fields(call));
  catalog::UserChanges changes;
  const auto password = body.text("password", k_password_rule);
  changes.email = body.text("email", {3, 400, "Should have a valid email address"});
  if (changes.email) check_email(body, *changes.email);
  changes.video_quota = body.integer("videoQuota", -1, k_max_quota);
  changes.video_quota_daily = body.integer("videoQuotaDaily", -1, k_max_quota);
  if (body.has("role")) changes.role = read_role(body, catalog::Role::user);
  CO_TRY_VOID(body.check());
  if (password) {
    CO_TRY(changes.password_hash, co_await make_hash(context, *password));
  }
  CO_TRY_VOID(co_await context.database.write(
      [id, changes, caller = call.caller,
       now = context.clock.now()](db::Session& session) -> Answer<> {
        TRY(auto user, managed_user(session, caller, id));
        const bool to_higher = changes.role && *changes.role != catalog::Role::user;
        if (!caller.is_administrator() && to_higher) {
          return refuse(403, "A moderator can only manage users.");
        }
        if (user.username == "root" && changes.role.value_or(user.role) != user.role) {
          return refuse(400, "Cannot change root role.");
        }
        TRY_VOID(catalog::update_user(session, id, changes, now));
        if (changes.password_hash) catalog::revoke_tokens(session, id);
        return {};
      }));
  context.callers.forget(id);
  co_return no_content();
}

io::Task<Reply> delete_user(Call& call) {
  Context& context = call.context;
  CO_TRY(const UserId id, user_id(call));
  const UtcTime due = context.clock.now() + trash_time(context);
  CO_TRY(const auto gone,
         co_await context.database.write([id, due, caller = call.caller](
                                             db::Session& session) -> Answer<std::vector<Uuid>> {
           TRY(auto user, managed_user(session, caller, id));
           if (user.username == "root") return refuse(400, "Cannot remove the root user");
           std::vector<Uuid> videos;
           const auto account = catalog::find_account_of(session, id);
           if (account) {
             for (const catalog::Channel& channel : catalog::channels_of(session, {account->id})) {
               TRY_VOID(delete_channel_videos(session, channel.id, due, videos));
             }
           }
           TRY_VOID(catalog::delete_user(session, id));
           return videos;
         }));
  context.callers.forget(id);
  forget_deleted(context, gone);
  co_return no_content();
}

io::Task<Reply> set_blocked(Call& call, bool blocked) {
  Context& context = call.context;
  CO_TRY(const UserId id, user_id(call));
  CO_TRY(auto body, co_await read_fields(call));
  const auto reason = body.text("reason", {3, 250, {}, true});
  CO_TRY_VOID(body.check());
  CO_TRY_VOID(co_await context.database.write(
      [id, blocked, reason, caller = call.caller,
       now = context.clock.now()](db::Session& session) -> Answer<> {
        TRY(auto user, managed_user(session, caller, id));
        if (user.username == "root") return refuse(400, "A root user cannot be blocked.");
        TRY_VOID(catalog::set_blocked(session, id, blocked, reason, now));
        return {};
      }));
  context.callers.forget(id);
  co_return no_content();
}

io::Task<Reply> block_user(Call& call) {
  co_return co_await set_blocked(call, true);
}
io::Task<Reply> unblock_user(Call& call) {
  co_return co_await set_blocked(call, false);
}

}  // namespace

void add_users_routes(Routes& routes) {
  constexpr Access k_manage = Access::moderator;
  routes.get("/api/v1/users", {.operation = "getUsers", .access = k_manage}, get_users);
  routes.post("/api/v1/users", {.operation = "addUser", .access = k_manage}, add_user);
  routes.get("/api/v1/users/:id", {.operation = "getUser", .access = k_manage}, get_user);
  routes.put("/api/v1/users/:id", {.operation = "putUser", .access = k_manage}, put_user);
  routes.del("/api/v1/users/:id", {.operation = "delUser", .access = k_manage}, delete_user);
  routes.post("/api/v1/users/:id/block", {.operation = "blockUser", .access = k_manage},
              block_user);
  routes.post("/api/v1/users/:id/unblock", {.operation = "unblockUser", .access = k_manage},
              unblock_user);
}

}  // namespace shoal::api
