#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/core/caller.h"
#include "api/core/fields.h"
#include "api/core/problem.h"
#include "catalog/video_list.h"

namespace shoal::api {

/// PeerTube's `include` bits, as far as they mean something here.
struct VideoInclude {
  static constexpr std::int64_t k_not_published = 1;
  static constexpr std::int64_t k_blacklisted = 2;
  static constexpr std::int64_t k_blocked_owner = 4;
  static constexpr std::int64_t k_files = 8;
  static constexpr std::int64_t k_captions = 16;
  static constexpr std::int64_t k_source = 32;
  static constexpr std::int64_t k_automatic_tags = 64;
  static constexpr std::int64_t k_all = 127;
};

/// What a list of videos was asked for, in the words of its query string.
struct VideoQuery {
  catalog::VideoFilter filter;
  catalog::VideoSort sort;
  catalog::ListRange range;
  std::int64_t include = 0;
  bool skip_count = false;
};

/// Which lists accept what.
struct VideoQueryRules {
  std::string_view default_sort = "-publishedAt";
  bool searchable_by_match = false;  ///< `match` is a sort
  /// Whether sensitive videos are listed when the query does not say so.
  bool lists_nsfw = false;
};

/// Reads and checks a query string. Errors: 400 naming each refused parameter; 401 when only
/// moderators may ask so. Pure: fuzzed.
Answer<VideoQuery> parse_video_query(const net::Parameters& query, const Caller& caller,
                                     std::string_view own_host, const VideoQueryRules& rules);

}  // namespace shoal::api
