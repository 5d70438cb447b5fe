#include "api/core/reply.h"
#include "api/instance/public_config.h"
#include "api/pages/page_head.h"
#include "api/pages/routes.h"
#include "api/videos/video_access.h"
#include "base/text.h"
#include "catalog/media_urls.h"
#include "net/http/conditional.h"

namespace shoal::api {
namespace {

/// Scripts and styles are ours alone; media may come from stores and mirrors elsewhere; hls.js
/// works in blobs. Svelte sets styles by attribute.
constexpr std::string_view k_policy =
    "default-src 'self'; script-src 'self'; worker-src 'self' blob:; style-src 'self' "
    "'unsafe-inline'; img-src 'self' data: blob: https: http:; media-src 'self' blob: https: "
    "http:; connect-src 'self' https: http: ws: wss:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors ";

net::Response html_response(int status, std::string body, std::string_view ancestors) {
  net::Response response = net::Response::text(status, std::move(body), "text/html; charset=utf-8");
  response.headers.set("Cache-Control", "max-age=0, no-cache, must-revalidate");
  response.headers.set("Content-Security-Policy", std::string(k_policy) + std::string(ancestors));
  response.headers.set("Referrer-Policy", "strict-origin-when-cross-origin");
  if (ancestors == "'none'") response.headers.set("X-Frame-Options", "DENY");
  return response;
}

io::Task<Reply> show_page(Context& context, PageHead head, int status) {
  const PageTemplate* page = context.web.index();
  if (page == nullptr) {
    co_return net::Response::text(
        404, "This instance serves no web client (storage.web names no built one).\n",
        "text/plain; charset=utf-8");
  }
  const auto settings = co_await context.settings.get();
  const auto boot = co_await public_config(context);
  co_return html_response(
      status, page->before + render_head(head, settings->instance, *boot) + page->after, "'none'");
}

/// Nothing is told about a page that is not there or not for everybody.
io::Task<Reply> show_unknown(Context& context) {
  PageHead head;
  head.noindex = true;
  co_return co_await show_page(context, head, 404);
}

/// The video that anybody may see by this name; nothing where it is hidden as where it is not.
io::Task<Answer<std::optional<catalog::Video>>> find_open_video(Context& context,
                                                                std::string_view text) {
  const auto key = catalog::parse_video_key(text);
  if (!key) co_return std::optional<catalog::Video>();
  auto found = co_await context.database.read([key = *key](db::Session& session) {
    return find_watchable_page(session, key, Watcher::nobody(key));
  });
  if (found) co_return std::optional(std::move(*found));
  if (found.error().status >= 500) co_return std::unexpected(std::move(found).error());
  co_return std::nullopt;
}

io::Task<Reply> get_home(Call& call) {
  co_return co_await show_page(call.context, {}, 200);
}

io::Task<Reply> get_watch_page(Call& call) {
  CO_TRY(auto video, co_await find_open_video(call.context, call.parameter("id")));
  // A private video's page is the same as that of one that does not exist; its owner's browser
  // goes on with a token.
  if (!video) co_return co_await show_unknown(call.context);
  co_return co_await show_page(call.context, head_of(*video, call.context.config), 200);
}

/// The address of before 2021, which PeerTube's objects still carry as `url`.
io::Task<Reply> get_old_watch_page(Call& call) {
  const auto key = catalog::parse_video_key(call.parameter("id"));
  if (key && std::holds_alternative<Uuid>(*key)) {
    std::string target = catalog::watch_path(std::get<Uuid>(*key));
    const std::size_t query = call.request.target.find('?');
    if (query != std::string::npos) target += call.request.target.substr(query);
    co_return redirect(302, target);
  }
  CO_TRY(auto video, co_await find_open_video(call.context, call.parameter("id")));
  if (!video) co_return co_await show_unknown(call.context);
  co_return redirect(302, catalog::watch_path(video->summary.uuid));
}

io::Task<Reply> get_embed_page(Call& call) {
  Context& context = call.context;
  const PageTemplate* page = context.web.embed();
  if (page == nullptr) co_return refuse(404, "This instance serves no embed.");
  CO_TRY(auto video, co_await find_open_video(context, call.parameter("id")));
  const auto settings = co_await context.settings.get();
  const auto boot = co_await public_config(context);
  const PageHead head = video ? head_of(*video, context.config) : PageHead{};
  co_return html_response(
      200, page->before + render_embed_head(head, settings->instance, *boot) + page->after, "*");
}

io::Task<Reply> get_channel_page(Call& call) {
  Context& context = call.context;
  const auto handle = catalog::Handle::parse(call.parameter("name"), context.config.host);
  if (!handle) co_return co_await show_unknown(context);
  CO_TRY(auto channel,
         co_await context.database.read(
             [handle = *handle](db::Session& session) -> Result<std::optional<catalog::Channel>> {
               return catalog::find_channel(session, handle);
             }));
  if (!channel) co_return co_await show_unknown(context);
  co_return co_await show_page(context, head_of(*channel, context.config), 200);
}

io::Task<Reply> get_account_page(Call& call) {
  Context& context = call.context;
  const auto handle = catalog::Handle::parse(call.parameter("name"), context.config.host);
  if (!handle) co_return co_await show_unknown(context);
  CO_TRY(auto account,
         co_await context.database.read(
             [handle = *handle](db::Session& session) -> Result<std::optional<catalog::Account>> {
               return catalog::find_account(session, handle);
             }));
  if (!account) co_return co_await show_unknown(context);
  co_return co_await show_page(context, head_of(*account, context.config), 200);
}

struct Chosen {
  const Asset* asset = nullptr;
  std::string_view encoding;
};

/// The smallest form the client understands; of `Accept-Encoding` only the words are read, q=0 is
/// nothing any browser sends for these.
Chosen choose(const WebClient& web, const net::Headers& headers, const std::string& path) {
  const std::string_view accepted = headers.find("Accept-Encoding").value_or("");
  if (accepted.find("br") != std::string_view::npos) {
    if (const Asset* asset = web.find(path + ".br")) return {asset, "br"};
  }
  if (accepted.find("gzip") != std::string_view::npos) {
    if (const Asset* asset = web.find(path + ".gz")) return {asset, "gzip"};
  }
  return {web.find(path), {}};
}

io::Task<Reply> get_asset(Call& call) {
  const std::string path(call.parameter("path"));
  const Chosen chosen = choose(call.context.web, call.request.headers, path);
  if (chosen.asset == nullptr) co_return refuse(404, "Not found");
  net::Response response;
  response.headers.set("Content-Type", chosen.asset->content_type);
  response.headers.set("ETag", chosen.asset->etag);
  response.headers.set("Vary", "Accept-Encoding");
  response.headers.set("Cache-Control", chosen.asset->immutable
                                            ? "public, max-age=31536000, immutable"
                                            : "public, max-age=300");
  if (!chosen.encoding.empty()) response.headers.set("Content-Encoding", chosen.encoding);
  const auto verdict = net::check_preconditions(call.request.headers, {chosen.asset->etag, {}});
  if (verdict == net::Precondition::not_modified) {
    response.status = 304;
  } else if (verdict == net::Precondition::failed) {
    response.status = 412;
  } else {
    response.body = net::FileBody{chosen.asset->file, 0, chosen.asset->size};
  }
  co_return response;
}

io::Task<Reply> get_robots(Call&) {
  net::Response response =
      net::Response::text(200, "User-agent: *\nDisallow:\n", "text/plain; charset=utf-8");
  response.headers.set("Cache-Control", "max-age=7200");
  co_return response;
}

io::Task<Reply> get_change_password(Call&) {
  co_return redirect(302, "/account");
}

}  // namespace

void add_page_routes(Routes& routes) {
  const auto page = [&](std::string_view pattern, std::string_view operation, ApiHandler handler) {
    routes.get(pattern, {.operation = operation, .limit = Limit::client}, handler);
  };
  page("/", "getHomePage", get_home);
  page("/w/:id", "getWatchPage", get_watch_page);
  page("/videos/watch/:id", "getOldWatchPage", get_old_watch_page);
  page("/videos/embed/:id", "getEmbedPage", get_embed_page);
  page("/c/:name", "getChannelPage", get_channel_page);
  page("/c/:name/*rest", "getChannelSubPage", get_channel_page);
  page("/video-channels/:name", "getOldChannelPage", get_channel_page);
  page("/a/:name", "getAccountPage", get_account_page);
  page("/a/:name/*rest", "getAccountSubPage", get_account_page);
  page("/accounts/:name", "getOldAccountPage", get_account_page);
  page("/client/*path", "getClientFile", get_asset);
  page("/robots.txt", "getRobots", get_robots);
  page("/.well-known/change-password", "getChangePassword", get_change_password);
  page(k_any_page, "getPage", get_home);
}

}  // namespace shoal::api
