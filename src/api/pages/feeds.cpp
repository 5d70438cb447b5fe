#include <fmt/format.h>

#include "api/core/paging.h"
#include "api/core/reply.h"
#include "api/pages/feed.h"
#include "api/pages/page_head.h"
#include "api/pages/routes.h"
#include "base/text.h"
#include "catalog/media_urls.h"
#include "catalog/video_list.h"

namespace shoal::api {
namespace {

constexpr std::int64_t k_items = 20;
constexpr Milliseconds k_keep{30'000};

enum class Format { rss, atom, json };
struct FormatName {
  std::string_view extension;
  Format format;
  std::string_view content_type;
};
constexpr FormatName k_formats[] = {
    {"xml", Format::rss, "application/xml; charset=utf-8"},
    {"rss", Format::rss, "application/rss+xml; charset=utf-8"},
    {"rss2", Format::rss, "application/rss+xml; charset=utf-8"},
    {"atom", Format::atom, "application/atom+xml; charset=utf-8"},
    {"atom1", Format::atom, "application/atom+xml; charset=utf-8"},
    {"json", Format::json, "application/json; charset=utf-8"},
    {"json1", Format::json, "application/json; charset=utf-8"},
};

/// Whose videos: the query as it was sent.
struct FeedOf {
  std::optional<AccountId> account;
  std::optional<ChannelId> channel;
  std::optional<catalog::Handle> account_name;
  std::optional<catalog::Handle> channel_name;
  /// Sensitive videos only, or none; nothing: both.
  std::optional<bool> nsfw;
};

std::optional<catalog::Handle> read_handle(Fields& query, std::string_view name,
                                           std::string_view host) {
  const auto text = query.text(name, {1, 300});
  if (!text) return std::nullopt;
  auto handle = catalog::Handle::parse(*text, host);
  if (!handle) query.refuse(name, "Should be the name of an account or channel");
  return handle;
}

/// `lists_nsfw`: what the instance does where the query does not say.
FeedOf read_of(Fields& query, std::string_view host, bool lists_nsfw) {
  constexpr std::int64_t k_max_id = std::numeric_limits<std::int64_t>::max();
  FeedOf of;
  if (const auto id = query.integer("accountId", 0, k_max_id)) of.account = AccountId{*id};
  if (const auto id = query.integer("videoChannelId", 0, k_max_id)) of.channel = ChannelId{*id};
  of.account_name = read_handle(query, "accountName", host);
  of.channel_name = read_handle(query, "videoChannelName", host);
  const auto nsfw = query.choice("nsfw", {"true", "false", "both"});
  if (nsfw ? *nsfw != "both" : !lists_nsfw) of.nsfw = nsfw == "true";
  return of;
}

/// The query that asks for just this: one for each feed, whatever else was written beside it.
std::string canonical_query(const FeedOf& of, const Sort& sort) {
  std::string text = fmt::format("?sort={}{}", sort.descending ? "-" : "", sort.field);
  const auto add_name = [&](std::string_view name, const std::optional<catalog::Handle>& handle) {
    if (!handle) return;
    text += fmt::format("&{}={}", name, url_encode(handle->name));
    if (handle->host) text += "@" + url_encode(*handle->host);
  };
  if (of.account) text += fmt::format("&accountId={}", of.account->value);
  if (of.channel) text += fmt::format("&videoChannelId={}", of.channel->value);
  add_name("accountName", of.account_name);
  add_name("videoChannelName", of.channel_name);
  text += fmt::format("&nsfw={}", !of.nsfw ? "both" : *of.nsfw ? "true" : "false");
  return text;
}

/// What the feed is called, and which videos are in it.
struct Subject {
  catalog::VideoFilter filter;
  std::optional<std::string> title;
  std::optional<std::string> description;
};

Answer<Subject> find_subject(db::Session& session, const FeedOf& of) {
  Subject subject;
  subject.filter.audience = catalog::VideoFilter::Audience::everyone;
  subject.filter.nsfw = of.nsfw;
  if (of.account || of.account_name) {
    const auto account = of.account ? catalog::find_account(session, *of.account)
                                    : catalog::find_account(session, *of.account_name);
    if (!account) return refuse(404, "Account not found");
    subject.filter.account = account->id;
    subject.title = account->display_name;
    subject.description = account->description;
  }
  if (of.channel || of.channel_name) {
    const auto channel = of.channel ? catalog::find_channel(session, *of.channel)
                                    : catalog::find_channel(session, *of.channel_name);
    if (!channel) return refuse(404, "Video channel not found");
    subject.filter.channel = channel->id;
    subject.title = channel->display_name;
    subject.description = channel->description;
  }
  return subject;
}

Feed::Item make_item(const catalog::VideoSummary& video,
                     const std::optional<catalog::StreamingPlaylist>& playlist,
                     const std::string& origin) {
  Feed::Item item;
  item.url = origin + catalog::watch_path(video.uuid);
  item.title = video.name;
  item.description = video.description.value_or("");
  item.author = video.channel.display_name;
  item.author_url = fmt::format("{}/c/{}/videos", origin, video.channel.name);
  item.embed_url = origin + catalog::embed_path(video.uuid);
  if (video.preview_name) item.image_url = origin + catalog::preview_path(*video.preview_name);
  if (video.category) {
    if (const auto label = catalog::label_of(catalog::categories(), *video.category)) {
      item.category = std::string(*label);
    }
  }
  item.published = video.published_at;
  item.duration = std::chrono::round<Seconds>(video.duration);
  item.views = video.views;
  if (playlist && !playlist->files.empty()) {
    const catalog::VideoFile& file = playlist->files.front();
    item.file = {origin + catalog::hls_path(video.uuid, file.file_name, true), file.size};
  }
  return item;
}

Answer<Feed> load_feed(db::Session& session, const FeedOf& of, catalog::VideoSort sort,
                       const std::string& origin, UtcTime now) {
  TRY(auto subject, find_subject(session, of));
  Feed feed;
  feed.title = subject.title.value_or("");
  feed.description = short_description(subject.description);
  feed.home_url = origin;
  feed.updated = now;
  const auto videos = catalog::list_videos(session, subject.filter, sort, {0, k_items}, now);
  const auto playlists = catalog::find_playlists(session, videos);
  for (std::size_t i = 0; i < videos.size(); ++i) {
    feed.items.push_back(make_item(videos[i], playlists[i], origin));
  }
  return feed;
}

std::string render(const Feed& feed, Format format) {
  switch (format) {
    case Format::rss:
      return render_rss(feed);
    case Format::atom:
      return render_atom(feed);
    case Format::json:
      return render_json_feed(feed);
  }
  return {};
}

net::Response feed_response(std::shared_ptr<const std::string> body, const FormatName& format) {
  net::Response response = json_response(std::move(body));
  response.headers.set("Content-Type", format.content_type);
  response.headers.set("Cache-Control", "max-age=60");
  return response;
}

io::Task<Reply> get_feed(Call& call) {
  Context& context = call.context;
  const std::string_view name = call.parameter("name");
  if (!name.starts_with("videos.")) co_return refuse(404, "Not found");
  const std::string_view extension = name.substr(std::string_view("videos.").size());
  const auto format = std::ranges::find_if(
      k_formats, [&](const auto& known) { return known.extension == extension; });
  if (format == std::end(k_formats)) {
    co_return refuse(
        Problem::invalid_param("format", "Should have a valid format (rss, atom, json)", "params"));
  }
  Fields query = Fields::from(call.request.query, "query");
  const auto settings = co_await context.settings.get();
  const FeedOf of =
      read_of(query, context.config.host, settings->instance.default_nsfw_policy != "do_not_list");
  const Sort sort = read_sort(
      query, {"publishedAt", "createdAt", "views", "trending", "hot", "name"}, "-publishedAt");
  CO_TRY_VOID(query.check());
  const std::string self = fmt::format("/feeds/videos.{}{}", extension, canonical_query(of, sort));
  auto slot = co_await context.responses.open("feed " + self);
  if (slot.text) co_return feed_response(std::move(slot.text), *format);
  const catalog::VideoSort video_sort{
      catalog::parse_video_sort(sort.field).value_or(catalog::VideoSortField::published_at),
      sort.descending};
  CO_TRY(auto feed, co_await context.database.read_listing(
                        [of, video_sort, &context](db::Session& session) -> Answer<Feed> {
                          return load_feed(session, of, video_sort, context.config.origin,
                                           context.clock.now());
                        }));
  if (feed.title.empty()) feed.title = settings->instance.name;
  if (feed.description.empty()) feed.description = settings->instance.short_description;
  feed.self_url = context.config.origin + self;
  co_return feed_response(slot.keep(render(feed, format->format), k_keep), *format);
}

}  // namespace

void add_feed_routes(Routes& routes) {
  routes.get("/feeds/:name", {.operation = "getSyndicatedVideos", .limit = Limit::feeds}, get_feed);
}

}  // namespace shoal::api
