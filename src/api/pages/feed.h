#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace shoal::api {

/// A list of videos for feed readers, free of any format. Texts are plain and unescaped.
struct Feed {
  struct Item {
    std::string url;
    std::string title;
    std::string description;
    std::string author;
    std::string author_url;
    std::string embed_url;
    std::optional<std::string> image_url;
    std::optional<std::string> category;
    UtcTime published{};
    Seconds duration{0};
    std::int64_t views = 0;
    struct File {
      std::string url;
      std::uint64_t size = 0;
    };
    std::optional<File> file;  ///< one that plays everywhere: the highest MP4
  };
  std::string title;
  std::string description;
  std::string home_url;
  std::string self_url;
  UtcTime updated{};
  std::vector<Item> items;
};

/// RSS 2.0 with Media RSS.
std::string render_rss(const Feed& feed);
/// RFC 4287.
std::string render_atom(const Feed& feed);
/// JSON Feed 1.
std::string render_json_feed(const Feed& feed);

}  // namespace shoal::api
