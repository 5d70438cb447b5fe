#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/core/context.h"
#include "catalog/channels.h"
#include "catalog/videos.h"

namespace shoal::api {

/// What stands in the head of a page for those who do not run its script: search engines, social
/// networks, yt-dlp.
struct PageHead {
  std::string title;        ///< nothing: the instance's name
  std::string description;  ///< nothing: the instance's
  std::string url;          ///< canonical; nothing: none is named
  bool noindex = false;
  struct Video {
    std::string image;
    std::string embed;
    std::string oembed;
  };
  std::optional<Video> video;
};

PageHead head_of(const catalog::Video& video, const ApiConfig& config);
PageHead head_of(const catalog::Channel& channel, const ApiConfig& config);
PageHead head_of(const catalog::Account& account, const ApiConfig& config);

/// The elements, escaped. `boot` is the public configuration as JSON, in which '<' is escaped.
std::string render_head(const PageHead& head, const catalog::RuntimeSettings::Instance& instance,
                        std::string_view boot);
/// The same for the embed: no previews of it are wanted, and it stays out of search engines.
std::string render_embed_head(const PageHead& head,
                              const catalog::RuntimeSettings::Instance& instance,
                              std::string_view boot);

/// One line of at most 250 characters.
std::string short_description(const std::optional<std::string>& text);

}  // namespace shoal::api
