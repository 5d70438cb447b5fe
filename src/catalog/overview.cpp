#include "catalog/overview.h"

#include <fmt/format.h>

namespace shoal::catalog {
namespace {

constexpr std::string_view k_public = "v.privacy = 1 and v.state = 1 and v.nsfw = 0";

/// The `page`-th largest group by `expression`, or nothing.
std::optional<db::Row> find_group(db::Session& session, std::string_view expression,
                                  std::string_view join, std::int64_t page) {
  return session.query_one(
      fmt::format("select {0} from video v{1} where {2} and {0} is not null group by {0}"
                  " having count(*) >= {3} order by count(*) desc, {0} limit 1 offset :page",
                  expression, join, k_public, Overview::k_least),
      {page - 1});
}

std::vector<VideoSummary> newest(db::Session& session, VideoFilter filter, UtcTime now) {
  filter.nsfw = false;
  return list_videos(session, filter, {}, {.start = 0, .count = Overview::k_videos}, now);
}

}  // namespace

Overview find_overview(db::Session& session, std::int64_t page, UtcTime now) {
  Overview overview;
  if (const auto row = find_group(session, "v.category", "", page)) {
    VideoFilter filter;
    filter.categories = {row->integer(0)};
    overview.category = {
        .category = row->integer(0), .tag = {}, .videos = newest(session, filter, now)};
  }
  if (const auto row = find_group(session, "v.channel_id", "", page)) {
    VideoFilter filter;
    filter.channel = row->id<ChannelId>(0);
    overview.channel = {.category = 0, .tag = {}, .videos = newest(session, filter, now)};
  }
  if (const auto row =
          find_group(session, "t.name_key", " join video_tag t on t.video_id = v.id", page)) {
    VideoFilter filter;
    filter.tags_one_of = {row->text(0)};
    overview.tag = {.category = 0, .tag = row->text(0), .videos = newest(session, filter, now)};
  }
  return overview;
}

}  // namespace shoal::catalog
