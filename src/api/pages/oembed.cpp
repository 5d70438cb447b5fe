#include <fmt/format.h>

#include <limits>

#include "api/core/fields.h"
#include "api/core/reply.h"
#include "api/pages/routes.h"
#include "api/videos/video_access.h"
#include "base/text.h"
#include "catalog/media_urls.h"

namespace shoal::api {
namespace {

constexpr std::int64_t k_width = 560;
constexpr std::int64_t k_height = 315;
constexpr std::int64_t k_preview_width = 850;
constexpr std::int64_t k_preview_height = 480;

/// The video that one of our page addresses names; nothing when it is not ours.
std::optional<catalog::VideoKey> key_of_page(std::string_view url, std::string_view origin) {
  if (!url.starts_with(origin)) return std::nullopt;
  std::string_view path = url.substr(origin.size());
  path = path.substr(0, path.find_first_of("?#;"));
  for (const std::string_view prefix : {"/w/", "/videos/watch/", "/videos/embed/"}) {
    if (path.starts_with(prefix)) return catalog::parse_video_key(path.substr(prefix.size()));
  }
  return std::nullopt;
}

Problem invalid_url(std::string_view url) {
  Problem problem(400, "Invalid url.");
  return is_valid_utf8(url) ? std::move(problem).with_extra("url", boost::json::value(url))
                            : problem;
}

std::string render(const catalog::Video& video, const ApiConfig& config, std::string_view provider,
                   std::int64_t max_width, std::int64_t max_height) {
  const auto& summary = video.summary;
  const std::int64_t width = std::min(k_width, max_width);
  const std::int64_t height = std::min(k_height, max_height);
  const std::string html = fmt::format(
      R"(<iframe width="{}" height="{}" sandbox="allow-same-origin allow-scripts allow-popups )"
      R"(allow-forms" title="{}" src="{}" frameborder="0" allowfullscreen></iframe>)",
      width, height, escape_html(summary.name), config.origin + catalog::embed_path(summary.uuid));
  JsonWriter json;
  json.object([&] {
    json.field("type", "video").field("version", "1.0").field("html", html);
    json.field("width", width).field("height", height).field("title", summary.name);
    json.field("author_name", video.channel.display_name).field("author_url", video.channel.url);
    json.field("provider_name", provider).field("provider_url", config.origin);
    const bool fits = max_width >= k_preview_width && max_height >= k_preview_height;
    if (summary.preview_name && fits) {
      json.field("thumbnail_url", config.origin + catalog::preview_path(*summary.preview_name));
      json.field("thumbnail_width", k_preview_width);
      json.field("thumbnail_height", k_preview_height);
    }
  });
  return json.take();
}

io::Task<Reply> get_oembed(Call& call) {
  Context& context = call.context;
  Fields query = Fields::from(call.request.query, "query");
  constexpr std::int64_t k_any = std::numeric_limits<std::int32_t>::max();
  const std::string url = query.required_text("url", {1, 2000, "Should be the address of a video"});
  const auto max_width = query.integer("maxwidth", 1, k_any).value_or(k_any);
  const auto max_height = query.integer("maxheight", 1, k_any).value_or(k_any);
  const std::string format = query.text("format", {0, 20}).value_or("json");
  CO_TRY_VOID(query.check());
  if (format != "json") {
    co_return refuse(Problem(501, "Requested format is not implemented on server.")
                         .with_extra("format", boost::json::value(format)));
  }
  const auto key = key_of_page(url, context.config.origin);
  if (!key) co_return refuse(invalid_url(url));
  CO_TRY(
      auto video,
      co_await context.database.read([key = *key](db::Session& session) -> Answer<catalog::Video> {
        auto found = find_watchable_page(session, key, Watcher::nobody(key));
        // Who asks for a snippet brings neither session nor password.
        if (!found && (found.error().status == 401 || found.error().status == 403))
          return refuse(403, "Video is not publicly available");
        return found;
      }));
  const auto settings = co_await context.settings.get();
  co_return json_response(
      render(video, context.config, settings->instance.name, max_width, max_height));
}

}  // namespace

void add_oembed_routes(Routes& routes) {
  routes.get("/services/oembed", {.operation = "getOEmbed"}, get_oembed);
}

}  // namespace shoal::api
