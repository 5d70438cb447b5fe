#include "api/pages/page_head.h"

#include <fmt/format.h>

#include "base/text.h"
#include "catalog/media_urls.h"

namespace shoal::api {
namespace {

constexpr std::size_t k_max_description = 250;

class HeadWriter {
 public:
  void title(std::string_view text) { line("<title>{}</title>", escape_html(text)); }
  void name(std::string_view name, std::string_view content) {
    line(R"(<meta name="{}" content="{}" />)", name, escape_html(content));
  }
  void property(std::string_view name, std::string_view content) {
    if (content.empty()) return;
    line(R"(<meta property="{}" content="{}" />)", name, escape_html(content));
  }
  void canonical(std::string_view url) {
    if (!url.empty()) line(R"(<link rel="canonical" href="{}" />)", escape_html(url));
  }
  void oembed(std::string_view url, std::string_view title) {
    line(R"(<link rel="alternate" type="application/json+oembed" href="{}" title="{}" />)",
         escape_html(url), escape_html(title));
  }
  void boot(std::string_view json) {
    line(R"(<script type="application/json" id="shoal-boot">{{"config":{}}}</script>)", json);
  }
  std::string take() { return std::move(out_); }

 private:
  template <class... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
    out_ += '\n';
  }
  std::string out_;
};

void write_open_graph(HeadWriter& out, const PageHead& head, std::string_view site,
                      std::string_view description) {
  out.property("og:type", head.video ? "video" : "website");
  out.property("og:site_name", site);
  out.property("og:title", head.title);
  if (head.video) out.property("og:image", head.video->image);
  out.property("og:url", head.url);
  out.property("og:description", description);
  if (!head.video) return;
  out.property("og:video:url", head.video->embed);
  out.property("og:video:secure_url", head.video->embed);
  out.property("og:video:type", "text/html");
  out.property("og:video:width", "560");
  out.property("og:video:height", "315");
}

void write_twitter(HeadWriter& out, const PageHead& head, std::string_view description) {
  out.property("twitter:card", head.video ? "player" : "summary");
  out.property("twitter:title", head.title);
  out.property("twitter:description", description);
  if (!head.video) return;
  out.property("twitter:image", head.video->image);
  out.property("twitter:player", head.video->embed);
  out.property("twitter:player:width", "560");
  out.property("twitter:player:height", "315");
}

}  // namespace

std::string short_description(const std::optional<std::string>& text) {
  std::string line;
  std::size_t length = 0;
  bool space = false;
  for (const char c : text.value_or("")) {
    const bool is_space = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    // A continuation byte belongs to the character before it.
    const bool starts = (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    if (starts && !is_space && ++length > k_max_description) return line + "…";
    if (is_space) {
      space = !line.empty();
      continue;
    }
    if (space) {
      line += ' ';
      ++length;
    }
    space = false;
    line += c;
  }
  return line;
}

PageHead head_of(const catalog::Video& video, const ApiConfig& config) {
  const auto& summary = video.summary;
  PageHead head;
  head.title = summary.name;
  head.description = short_description(summary.description);
  head.url = config.origin + catalog::watch_path(summary.uuid);
  head.noindex = summary.privacy != catalog::Privacy::everyone;
  PageHead::Video parts;
  if (summary.preview_name) {
    parts.image = config.origin + catalog::preview_path(*summary.preview_name);
  }
  parts.embed = config.origin + catalog::embed_path(summary.uuid);
  parts.oembed = config.origin + "/services/oembed?url=" + url_encode(head.url);
  head.video = std::move(parts);
  return head;
}

PageHead head_of(const catalog::Channel& channel, const ApiConfig& config) {
  PageHead head;
  head.title = channel.display_name;
  head.description = short_description(channel.description);
  head.url = fmt::format("{}/c/{}/videos", config.origin, channel.name);
  return head;
}

PageHead head_of(const catalog::Account& account, const ApiConfig& config) {
  PageHead head;
  head.title = account.display_name;
  head.description = short_description(account.description);
  head.url = fmt::format("{}/a/{}/video-channels", config.origin, account.name);
  return head;
}

std::string render_head(const PageHead& head, const catalog::RuntimeSettings::Instance& instance,
                        std::string_view boot) {
  HeadWriter out;
  // yt-dlp and others tell the platform, and so the API, by this.
  out.property("og:platform", "PeerTube");
  out.title(head.title.empty() ? instance.name : head.title + " - " + instance.name);
  const std::string& description =
      head.description.empty() ? instance.short_description : head.description;
  out.name("description", description);
  if (head.noindex) out.name("robots", "noindex");
  if (!head.title.empty()) {
    write_open_graph(out, head, instance.name, head.description);
    out.property("name", head.title);
    out.property("description", head.description);
    if (head.video) out.property("image", head.video->image);
    write_twitter(out, head, head.description);
  }
  if (head.video) out.oembed(head.video->oembed, head.title);
  out.canonical(head.url);
  out.boot(boot);
  return out.take();
}

std::string render_embed_head(const PageHead& head,
                              const catalog::RuntimeSettings::Instance& instance,
                              std::string_view boot) {
  HeadWriter out;
  out.property("og:platform", "PeerTube");
  out.title(head.title.empty() ? instance.name : head.title + " - " + instance.name);
  out.name("description", head.description.empty() ? instance.short_description : head.description);
  if (!head.title.empty()) {
    out.property("name", head.title);
    out.property("description", head.description);
    if (head.video) out.property("image", head.video->image);
  }
  if (head.video) out.oembed(head.video->oembed, head.title);
  out.canonical(head.url);
  out.boot(boot);
  return out.take();
}

}  // namespace shoal::api
