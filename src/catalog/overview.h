#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "catalog/video_list.h"
#include "db/session.h"

namespace shoal::catalog {

/// A taste of what an instance has, for a page to discover it: page n shows the n-th largest
/// category, channel and tag, each with its newest videos. Groups of fewer than k_least videos
/// are none.
struct Overview {
  static constexpr std::int64_t k_least = 6;
  static constexpr std::int64_t k_videos = 10;

  struct Group {
    std::int64_t category = 0;  ///< of a category
    std::string tag;            ///< of a tag
    std::vector<VideoSummary> videos;
  };
  std::optional<Group> category;
  std::optional<Group> channel;  ///< its videos name it
  std::optional<Group> tag;
};

/// `page` from 1. Counts all public videos: keep what it returns for a while.
Overview find_overview(db::Session& session, std::int64_t page, UtcTime now);

}  // namespace shoal::catalog
