#include "api/pages/feed.h"

#include <fmt/format.h>

#include "api/core/json_writer.h"
#include "base/text.h"

namespace shoal::api {
namespace {

/// Text content of XML 1.0 (section 2.2), which has no place for most control characters, nor for
/// U+FFFE and U+FFFF. `text` is valid UTF-8, which has no surrogates.
std::string xml(std::string_view text) {
  std::string allowed;
  while (!text.empty()) {
    if (text.starts_with("\xef\xbf\xbe") || text.starts_with("\xef\xbf\xbf")) {
      text.remove_prefix(3);
      continue;
    }
    const char c = text.front();
    const bool control = static_cast<unsigned char>(c) < 0x20;
    if (!control || c == '\n' || c == '\t') allowed += c;
    text.remove_prefix(1);
  }
  return escape_html(allowed);
}

/// Paragraphs of plain text as HTML.
std::string html(std::string_view text) {
  std::string out = "<p>";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') continue;
    if (text[i] != '\n') {
      out += escape_html(text.substr(i, 1));
    } else if (text.substr(i, 2) == "\n\n") {
      out += "</p><p>";
      ++i;
    } else {
      out += "<br>";
    }
  }
  return out + "</p>";
}

class XmlWriter {
 public:
  XmlWriter() { out_ = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"; }
  void raw(std::string_view text) {
    out_ += text;
    out_ += '\n';
  }
  void element(std::string_view name, std::string_view text) {
    out_ += fmt::format("<{0}>{1}</{0}>\n", name, xml(text));
  }
  /// `attributes` are escaped already.
  void empty(std::string_view name, std::string_view attributes) {
    out_ += fmt::format("<{} {}/>\n", name, attributes);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

void write_rss_item(XmlWriter& out, const Feed::Item& item) {
  out.raw("<item>");
  out.element("title", item.title);
  out.element("link", item.url);
  out.element("guid", item.url);
  out.element("pubDate", to_http_date(item.published));
  out.element("description", item.description);
  out.element("content:encoded", html(item.description));
  out.element("dc:creator", item.author);
  if (item.category) out.element("category", *item.category);
  if (item.file) {
    out.empty("enclosure", fmt::format(R"(type="video/mp4" length="{}" url="{}")", item.file->size,
                                       xml(item.file->url)));
  }
  out.raw("<media:community>");
  out.empty("media:statistics", fmt::format(R"(views="{}")", item.views));
  out.raw("</media:community>");
  out.empty("media:embed", fmt::format(R"(url="{}")", xml(item.embed_url)));
  out.empty("media:player", fmt::format(R"(url="{}")", xml(item.url)));
  if (item.file) {
    out.empty("media:content",
              fmt::format(R"(url="{}" fileSize="{}" type="video/mp4" medium="video" duration="{}")",
                          xml(item.file->url), item.file->size, item.duration.count()));
  }
  if (item.image_url) {
    out.empty("media:thumbnail", fmt::format(R"(url="{}")", xml(*item.image_url)));
  }
  out.element("media:title", item.title);
  out.raw("</item>");
}

void write_atom_entry(XmlWriter& out, const Feed::Item& item) {
  out.raw("<entry>");
  out.element("title", item.title);
  out.element("id", item.url);
  out.empty("link", fmt::format(R"(href="{}")", xml(item.url)));
  out.element("updated", to_iso8601(item.published));
  out.element("summary", item.description);
  out.raw(fmt::format(R"(<content type="html">{}</content>)", xml(html(item.description))));
  out.raw("<author>");
  out.element("name", item.author);
  out.element("uri", item.author_url);
  out.raw("</author>");
  if (item.category)
    out.empty("category", fmt::format(R"(term="{0}" label="{0}")", xml(*item.category)));
  if (item.file) {
    out.empty("link", fmt::format(R"(rel="enclosure" type="video/mp4" length="{}" href="{}")",
                                  item.file->size, xml(item.file->url)));
  }
  out.raw("</entry>");
}

}  // namespace

std::string render_rss(const Feed& feed) {
  XmlWriter out;
  out.raw(R"(<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" )"
          R"(xmlns:media="http://search.yahoo.com/mrss/" )"
          R"(xmlns:content="http://purl.org/rss/1.0/modules/content/" )"
          R"(xmlns:atom="http://www.w3.org/2005/Atom">)");
  out.raw("<channel>");
  out.element("title", feed.title);
  out.element("link", feed.home_url);
  out.element("description", feed.description);
  out.element("lastBuildDate", to_http_date(feed.updated));
  out.element("docs", "https://validator.w3.org/feed/docs/rss2.html");
  out.element("generator", "Shoal - " + feed.home_url);
  out.empty("atom:link",
            fmt::format(R"(href="{}" rel="self" type="application/rss+xml")", xml(feed.self_url)));
  for (const Feed::Item& item : feed.items) write_rss_item(out, item);
  out.raw("</channel>");
  out.raw("</rss>");
  return out.take();
}

std::string render_atom(const Feed& feed) {
  XmlWriter out;
  out.raw(R"(<feed xmlns="http://www.w3.org/2005/Atom">)");
  out.element("id", feed.home_url);
  out.element("title", feed.title);
  out.element("updated", to_iso8601(feed.updated));
  out.element("generator", "Shoal - " + feed.home_url);
  out.empty("link", fmt::format(R"(rel="alternate" href="{}")", xml(feed.home_url)));
  out.empty("link", fmt::format(R"(rel="self" href="{}")", xml(feed.self_url)));
  out.element("subtitle", feed.description);
  for (const Feed::Item& item : feed.items) write_atom_entry(out, item);
  out.raw("</feed>");
  return out.take();
}

std::string render_json_feed(const Feed& feed) {
  JsonWriter json(4096);
  json.object([&] {
    json.field("version", "https://jsonfeed.org/version/1").field("title", feed.title);
    json.field("home_page_url", feed.home_url).field("feed_url", feed.self_url);
    json.field("description", feed.description);
    json.key("author").object([&] { json.field("name", feed.title); });
    json.key("items").array(feed.items, [&](const Feed::Item& item) {
      json.object([&] {
        json.field("id", item.url).field("content_html", html(item.description));
        json.field("url", item.url).field("title", item.title);
        json.field("summary", item.description);
        if (item.image_url) json.field("image", *item.image_url);
        json.field("date_modified", item.published);
        json.key("author").object(
            [&] { json.field("name", item.author).field("url", item.author_url); });
        std::vector<std::string> tags;
        if (item.category) tags.push_back(*item.category);
        json.key("tags").array(tags, [&](const std::string& tag) { json.value(tag); });
        std::vector<Feed::Item::File> files;
        if (item.file) files.push_back(*item.file);
        json.key("attachments").array(files, [&](const Feed::Item::File& file) {
          json.object([&] {
            json.field("title", item.title).field("url", file.url);
            json.field("size_in_bytes", file.size).field("mime_type", "video/mp4");
            json.field("duration_in_seconds", item.duration.count());
          });
        });
      });
    });
  });
  return json.take();
}

}  // namespace shoal::api
