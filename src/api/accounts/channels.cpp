#include "catalog/channels.h"

#include <fmt/format.h>

#include "api/accounts/account_json.h"
#include "api/accounts/deletion.h"
#include "api/accounts/new_user.h"
#include "api/accounts/routes.h"
#include "api/core/body.h"
#include "api/core/paging.h"

namespace shoal::api {
namespace {

Problem channel_not_found() {
  return Problem::not_found("Video channel not found");
}

Answer<catalog::Channel> channel_of_path(db::Session& session, std::string_view text,
                                         std::string_view host) {
  const auto handle = catalog::Handle::parse(text, host);
  if (!handle) return refuse(channel_not_found());
  auto channel = catalog::find_channel(session, *handle);
  if (!channel) return refuse(channel_not_found());
  return std::move(*channel);
}

/// The channel that the path names, if this caller may change it.
Answer<catalog::Channel> own_channel(db::Session& session, const Caller& caller,
                                     std::string_view text, std::string_view host) {
  TRY(auto channel, channel_of_path(session, text, host));
  if (!caller.is_account(channel.owner.id) && !caller.is_moderator()) {
    return refuse(403, fmt::format("User cannot manage channel {}", channel.name));
  }
  return channel;
}

io::Task<Reply> get_channel(Call& call) {
  Context& context = call.context;
  CO_TRY(auto channel,
         co_await context.database.read(
             [name = std::string(call.parameter("handle")),
              host = context.config.host](db::Session& session) -> Answer<catalog::Channel> {
               return channel_of_path(session, name, host);
             }));
  JsonWriter json;
  write_channel(json, channel, context.config.host, true);
  co_return json_response(json);
}

struct ChannelPage {
  std::int64_t total = 0;
  std::vector<catalog::Channel> channels;
};

net::Response channels_response(const ChannelPage& page, const Context& context) {
  return list_response(page.total, page.channels,
                       [&](JsonWriter& json, const catalog::Channel& channel) {
                         write_channel(json, channel, context.config.host, true);
                       });
}

ChannelPage load_page(db::Session& session, const catalog::ChannelFilter& filter, const Page& page,
                      const Sort& sort) {
  return {catalog::count_channels(session, filter),
          catalog::list_channels(session, filter, {sort.field, sort.descending}, page.start,
                                 page.count)};
}

io::Task<Reply> get_channels(Call& call) {
  Fields query = Fields::from(call.request.query, "query");
  const Page page = read_page(query);
  const Sort sort =
      read_sort(query, {"createdAt", "updatedAt", "name", "displayName"}, "-createdAt");
  CO_TRY_VOID(query.check());
  CO_TRY(auto found, co_await call.context.database.read_listing(
                         [=](db::Session& session) -> Result<ChannelPage> {
                           return load_page(session, {}, page, sort);
                         }));
  co_return channels_response(found, call.context);
}

io::Task<Reply> search_channels(Call& call) {
  Fields query = Fields::from(call.request.query, "query");
  const Page page = read_page(query);
  const Sort sort =
      read_sort(query, {"createdAt", "updatedAt", "name", "displayName", "match"}, "-createdAt");
  catalog::ChannelFilter filter;
  filter.search = query.text("search", {0, 200}).value_or("");
  CO_TRY_VOID(query.check());
  CO_TRY(auto found, co_await call.context.database.read_listing(
                         [=](db::Session& session) -> Result<ChannelPage> {
                           return load_page(session, filter, page, sort);
                         }));
  co_return channels_response(found, call.context);
}

io::Task<Reply> get_account_channels(Call& call) {
  Context& context = call.context;
  Fields query = Fields::from(call.request.query, "query");
  const Page page = read_page(query);
  const Sort sort =
      read_sort(query, {"createdAt", "updatedAt", "name", "displayName"}, "-createdAt");
  const std::string search = query.text("search", {0, 200}).value_or("");
  CO_TRY_VOID(query.check());
  const auto handle = catalog::Handle::parse(call.parameter("name"), context.config.host);
  if (!handle) co_return refuse(404, "Account not found");
  CO_TRY(auto found, co_await context.database.read_listing(
                         [=, handle = *handle](db::Session& session) -> Answer<ChannelPage> {
                           const auto account = catalog::find_account(session, handle);
                           if (!account) return refuse(404, "Account not found");
                           return load_page(session, {account->id, search}, page, sort);
                         }));
  co_return channels_response(found, context);
}

constexpr TextRule k_display_name{1, 120};
constexpr TextRule k_long_text{3, 1000, {}, true};

io::Task<Reply> add_channel(Call& call) {
  Context& context = call.context;
  CO_TRY(auto body, co_await read_fields(call));
  catalog::NewChannel channel;
  channel.name = read_channel_name(body, "name");
  if (channel.name.empty()) body.refuse("name", "Should have a channel name");
  channel.display_name = body.required_text("displayName", k_display_name);
  channel.description = body.text("description", k_long_text);
  channel.support = body.text("support", k_long_text);
  CO_TRY_VOID(body.check());
  const auto settings = co_await context.settings.get();
  CO_TRY(auto id, co_await context.database.write([channel, user = call.user(),
                                                   origin = context.config.origin,
                                                   limit = settings->channels_per_user,
                                                   now = context.clock.now()](
                                                      db::Session& session) -> Answer<ChannelId> {
    if (catalog::is_actor_name_taken(session, channel.name)) {
      return refuse(409,
                    "Another actor (account/channel) with this name on this "
                    "instance already exists or has already existed.");
    }
    if (catalog::count_channels(session, {user.account, ""}) >= limit) {
      return refuse(400, fmt::format("You cannot create more than {} channels", limit));
    }
    TRY(auto created, catalog::create_channel(session, user.account, channel, origin, now));
    return created;
  }));
  JsonWriter json;
  json.object([&] { json.key("videoChannel").object([&] { json.field("id", id.value); }); });
  co_return json_response(json);
}

/// Absent: nothing to change; null or empty: removed.
std::optional<std::optional<std::string>> read_removable(Fields& body, std::string_view name) {
  if (!body.has(name)) return std::nullopt;
  return std::optional<std::optional<std::string>>(body.text(name, k_long_text));
}

io::Task<Reply> put_channel(Call& call) {
  Context& context = call.context;
  CO_TRY(auto body, co_await read_fields(call));
  catalog::ChannelChanges changes;
  changes.display_name = body.text("displayName", k_display_name);
  changes.description = read_removable(body, "description");
  changes.support = read_removable(body, "support");
  CO_TRY_VOID(body.check());
  CO_TRY_VOID(co_await context.database.write(
      [changes, caller = call.caller, name = std::string(call.parameter("handle")),
       host = context.config.host, now = context.clock.now()](db::Session& session) -> Answer<> {
        TRY(auto channel, own_channel(session, caller, name, host));
        TRY_VOID(catalog::update_channel(session, channel.id, changes, now));
        return {};
      }));
  context.responses.clear();
  co_return no_content();
}

io::Task<Reply> delete_channel(Call& call) {
  Context& context = call.context;
  const UtcTime due = context.clock.now() + trash_time(context);
  CO_TRY(const auto gone,
         co_await context.database.write(
             [due, caller = call.caller, name = std::string(call.parameter("handle")),
              host = context.config.host](db::Session& session) -> Answer<std::vector<Uuid>> {
               TRY(auto channel, own_channel(session, caller, name, host));
               if (catalog::count_channels(session, {channel.owner.id, ""}) < 2) {
                 return refuse(409, "Cannot remove the last channel of this user");
               }
               std::vector<Uuid> videos;
               TRY_VOID(delete_channel_videos(session, channel.id, due, videos));
               TRY_VOID(catalog::delete_channel(session, channel.id));
               return videos;
             }));
  forget_deleted(context, gone);
  co_return no_content();
}

}  // namespace

void add_channels_routes(Routes& routes) {
  routes.get("/api/v1/video-channels", {.operation = "getVideoChannels"}, get_channels);
  routes.post("/api/v1/video-channels",
              {.operation = "addVideoChannel", .access = Access::signed_in}, add_channel);
  routes.get("/api/v1/video-channels/:handle", {.operation = "getVideoChannel"}, get_channel);
  routes.put("/api/v1/video-channels/:handle",
             {.operation = "putVideoChannel", .access = Access::signed_in}, put_channel);
  routes.del("/api/v1/video-channels/:handle",
             {.operation = "delVideoChannel", .access = Access::signed_in}, delete_channel);
  routes.get("/api/v1/accounts/:name/video-channels", {.operation = "getAccountVideoChannels"},
             get_account_channels);
  routes.get("/api/v1/search/video-channels", {.operation = "searchChannels"}, search_channels);
}

}  // namespace shoal::api
