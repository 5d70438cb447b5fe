#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "catalog/video.h"
#include "db/session.h"

namespace shoal::catalog {

/// Which videos a list is of. Everything given must hold; lists mean "one of these" unless named
/// otherwise.
struct VideoFilter {
  /// Who the list is for decides what is in it at all.
  enum class Audience {
    everyone,   ///< public and published
    signed_in,  ///< and internal ones
    moderator,  ///< what `privacies` and `any_state` say
    owner,      ///< all of the given channels or account
  };
  Audience audience = Audience::everyone;
  std::vector<std::int64_t> privacies;  ///< empty: public (moderator), all (owner)
  bool any_state = false;               ///< also what is not published (moderator)

  std::vector<std::int64_t> categories;
  std::vector<std::int64_t> licences;
  std::vector<std::string> languages;  ///< "_unknown": none is given
  std::vector<std::string> tags_one_of;
  std::vector<std::string> tags_all_of;
  std::optional<bool> nsfw;
  std::optional<bool> is_live;
  std::optional<bool> is_local;
  std::optional<bool> has_hls_files;
  std::optional<bool> has_web_video_files;
  std::optional<std::string> host;  ///< of a partner; nothing: any
  std::optional<ChannelId> channel;
  std::optional<AccountId> account;
  std::vector<Uuid> uuids;
  std::optional<Seconds> duration_min;
  std::optional<Seconds> duration_max;
  std::optional<UtcTime> published_from;
  std::optional<UtcTime> published_to;
  std::optional<UtcTime> originally_published_from;
  std::optional<UtcTime> originally_published_to;
  std::string search;  ///< see search.h; empty: all

  /// The same text for the same filter: names its total in the totals cache.
  std::string key() const;
};

enum class VideoSortField {
  name,
  duration,
  created_at,
  updated_at,
  published_at,
  originally_published_at,
  views,
  trending,  ///< views of the last week
  hot,       ///< views of the last week, yesterday's eight times those of a week ago
  match,     ///< how well it fits `search`
};

struct VideoSort {
  VideoSortField field = VideoSortField::published_at;
  bool descending = true;
};

/// PeerTube's name of a sort, without '-'; nothing for another word. `likes` and `best` stand for
/// what comes nearest: newest first, and hot.
std::optional<VideoSortField> parse_video_sort(std::string_view name);

struct ListRange {
  std::int64_t start = 0;
  std::int64_t count = 15;
};

/// One page, in one statement unless it is searched. `now` is what "recent" counts from.
std::vector<VideoSummary> list_videos(db::Session& session, const VideoFilter& filter,
                                      VideoSort sort, ListRange range, UtcTime now);
/// A page of what matches `filter.search`, and how many do, at most k_search_candidates; five
/// statements at most.
struct FoundVideos {
  std::vector<VideoSummary> videos;
  std::int64_t total = 0;
};
FoundVideos search_videos(db::Session& session, const VideoFilter& filter, VideoSort sort,
                          ListRange range);
/// Exact, but for a search at most k_search_candidates.
std::int64_t count_videos(db::Session& session, const VideoFilter& filter);

/// The statement behind a page and its arguments, so that a test can look at its plan.
struct Statement {
  std::string sql;
  std::vector<db::Value> arguments;
};
Statement page_statement(const VideoFilter& filter, VideoSort sort, ListRange range);

/// Files of several videos at once, in the order of `videos`; nothing where there is no playlist.
std::vector<std::optional<StreamingPlaylist>> find_playlists(
    db::Session& session, const std::vector<VideoSummary>& videos);

}  // namespace shoal::catalog
