#include <fmt/format.h>

#include "api/accounts/preferences.h"
#include "api/core/reply.h"
#include "api/videos/routes.h"
#include "api/videos/video_json.h"
#include "api/videos/video_query.h"
#include "catalog/accounts.h"
#include "catalog/channels.h"
#include "catalog/users.h"
#include "catalog/video_list.h"

namespace shoal::api {
namespace {

/// How long a list that is the same for everybody may be stale.
constexpr Milliseconds k_keep_list{1000};
/// Sorting by recent views reads what was watched in a week; it changes slowly.
constexpr Milliseconds k_keep_trending{10'000};

struct VideoPage {
  std::vector<catalog::VideoSummary> videos;
  std::optional<std::int64_t> total;
  std::vector<std::optional<catalog::StreamingPlaylist>> playlists;
};

/// Whose videos a list is of, beyond what its query says.
struct Scope {
  std::optional<catalog::Handle> channel;
  std::optional<catalog::Handle> account;
};

/// The same text for the same list, whatever else its query held and in which order.
std::string key_of(const VideoQuery& query, const Scope& scope) {
  const auto name = [](const std::optional<catalog::Handle>& handle) {
    return handle ? fmt::format("{}@{}", handle->name, handle->host.value_or("")) : std::string();
  };
  return fmt::format("list {} {} {} {} {} {} {} {} {}", static_cast<int>(query.sort.field),
                     query.sort.descending, query.range.start, query.range.count, query.include,
                     query.skip_count, name(scope.channel), name(scope.account),
                     query.filter.key());
}

/// Whether the filter's videos include what only this caller sees: then nothing is shared.
bool is_for_everybody(const VideoQuery& query) {
  return query.filter.audience == catalog::VideoFilter::Audience::everyone;
}

Answer<> apply_scope(db::Session& session, const Scope& scope, VideoQuery& query) {
  if (scope.channel) {
    const auto channel = catalog::find_channel(session, *scope.channel);
    if (!channel) return refuse(404, "Video channel not found");
    query.filter.channel = channel->id;
  }
  if (scope.account) {
    const auto account = catalog::find_account(session, *scope.account);
    if (!account) return refuse(404, "Account not found");
    query.filter.account = account->id;
  }
  return {};
}

/// A signed-in user's own choice about sensitive videos, where the query does not say.
void apply_preference(const Call& call, VideoQuery& query) {
  const bool asked = call.request.query.find("nsfw").has_value();
  if (asked || call.caller.is_anonymous()) return;
  query.filter.nsfw = std::nullopt;
  if (parse_preferences(call.user().preferences).nsfw_policy == "do_not_list")
    query.filter.nsfw = false;
}

std::int64_t total_of(db::Session& session, Context& context, const VideoQuery& query) {
  using Audience = catalog::VideoFilter::Audience;
  const bool exact =
      query.filter.audience == Audience::moderator || query.filter.audience == Audience::owner;
  if (exact) return catalog::count_videos(session, query.filter);
  const std::string key = query.filter.key();
  if (const auto known = context.totals.find(key)) return *known;
  const auto total = catalog::count_videos(session, query.filter);
  context.totals.keep(key, total);
  return total;
}

Answer<VideoPage> read_list(db::Session& session, Context& context, const VideoQuery& query) {
  VideoPage page;
  if (query.filter.search.empty()) {
    page.videos =
        catalog::list_videos(session, query.filter, query.sort, query.range, context.clock.now());
    if (!query.skip_count) page.total = total_of(session, context, query);
  } else {
    auto found = catalog::search_videos(session, query.filter, query.sort, query.range);
    page.videos = std::move(found.videos);
    if (!query.skip_count) page.total = found.total;
  }
  if ((query.include & VideoInclude::k_files) != 0)
    page.playlists = catalog::find_playlists(session, page.videos);
  return page;
}

std::string render(Context& context, const VideoQuery& query, const VideoPage& page) {
  using Audience = catalog::VideoFilter::Audience;
  const bool own = query.filter.audience == Audience::owner;
  VideoJsonOptions options;
  options.state = own || (query.include & VideoInclude::k_not_published) != 0;
  options.blacklist = own || (query.include & VideoInclude::k_blacklisted) != 0;
  JsonWriter json(page.videos.size() * 2048 + 64);
  json.object([&] {
    if (page.total) json.field("total", *page.total);
    json.key("data");
    std::size_t i = 0;
    json.array(page.videos, [&](const catalog::VideoSummary& video) {
      options.playlist = page.playlists.empty() ? nullptr : &page.playlists[i];
      ++i;
      write_video(json, context, video, context.views.viewers(video.id), options);
    });
  });
  return json.take();
}

io::Task<Reply> answer_list(Call& call, VideoQueryRules rules, Scope scope) {
  Context& context = call.context;
  const bool shareable = call.caller.is_anonymous();
  const auto settings = co_await context.settings.get();
  rules.lists_nsfw = settings->instance.default_nsfw_policy != "do_not_list";
  CO_TRY(auto query,
         parse_video_query(call.request.query, call.caller, context.config.host, rules));
  apply_preference(call, query);
  const bool is_kept = shareable && is_for_everybody(query);
  ResponseCache::Slot slot;
  if (is_kept) slot = co_await context.responses.open(key_of(query, scope));
  if (slot.text) co_return json_response(std::move(slot.text));
  auto page = co_await context.database.read_listing(
      [&call, &query, &scope](db::Session& session) -> Answer<VideoPage> {
        TRY_VOID(apply_scope(session, scope, query));
        return read_list(session, call.context, query);
      });
  CO_TRY(auto videos, std::move(page));
  std::string body = render(context, query, videos);
  if (!is_kept) co_return json_response(std::move(body));
  const bool by_recent_views = query.sort.field == catalog::VideoSortField::trending ||
                               query.sort.field == catalog::VideoSortField::hot;
  co_return json_response(
      slot.keep(std::move(body), by_recent_views ? k_keep_trending : k_keep_list));
}

io::Task<Reply> list_videos(Call& call) {
  co_return co_await answer_list(call, {}, {});
}

io::Task<Reply> search_videos(Call& call) {
  co_return co_await answer_list(call, {.default_sort = "-match", .searchable_by_match = true}, {});
}

std::optional<catalog::Handle> handle_of(const Call& call, std::string_view name) {
  return catalog::Handle::parse(call.parameter(name), call.context.config.host);
}

io::Task<Reply> list_channel_videos(Call& call) {
  Scope scope;
  scope.channel = handle_of(call, "handle");
  if (!scope.channel) co_return refuse(404, "Video channel not found");
  co_return co_await answer_list(call, {}, std::move(scope));
}

io::Task<Reply> list_account_videos(Call& call) {
  Scope scope;
  scope.account = handle_of(call, "name");
  if (!scope.account) co_return refuse(404, "Account not found");
  co_return co_await answer_list(call, {}, std::move(scope));
}

/// All of one's own videos, whatever their state and privacy.
io::Task<Reply> list_my_videos(Call& call) {
  Context& context = call.context;
  CO_TRY(auto query, parse_video_query(call.request.query, call.caller, context.config.host,
                                       {.default_sort = "-createdAt", .lists_nsfw = true}));
  Fields fields = Fields::from(call.request.query, "query");
  const auto channel = fields.integer("channelId", 1, INT64_MAX);
  CO_TRY_VOID(fields.check());
  query.filter.audience = catalog::VideoFilter::Audience::owner;
  query.filter.account = call.user().account;
  if (channel) query.filter.channel = ChannelId{*channel};
  CO_TRY(auto page, co_await context.database.read([&context, &query](db::Session& session) {
    return read_list(session, context, query);
  }));
  co_return json_response(render(context, query, page));
}

}  // namespace

void add_video_list_routes(Routes& routes) {
  routes.get("/api/v1/videos", {.operation = "getVideos"}, list_videos);
  routes.get("/api/v1/search/videos", {.operation = "searchVideos"}, search_videos);
  routes.get("/api/v1/video-channels/:handle/videos", {.operation = "getVideoChannelVideos"},
             list_channel_videos);
  routes.get("/api/v1/accounts/:name/videos", {.operation = "getAccountVideos"},
             list_account_videos);
  routes.get("/api/v1/users/me/videos", {.operation = "getMyVideos", .access = Access::signed_in},
             list_my_videos);
}

}  // namespace shoal::api
