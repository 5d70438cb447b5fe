#include "catalog/video_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "catalog/media_urls.h"
#include "catalog/ngram.h"
#include "catalog/search.h"
#include "catalog/video_filter_sql.h"
#include "catalog/video_rows.h"

namespace shoal::catalog {
namespace {

constexpr std::int64_t k_day_ms = 86'400'000;

std::string_view column_of(VideoSortField field) {
  switch (field) {
    case VideoSortField::name:
      return "v.name";
    case VideoSortField::duration:
      return "v.duration";
    case VideoSortField::created_at:
      return "v.created_at";
    case VideoSortField::updated_at:
      return "v.updated_at";
    case VideoSortField::originally_published_at:
      return "coalesce(v.originally_published_at, 0)";
    case VideoSortField::views:
    case VideoSortField::trending:
      return "v.views";
    case VideoSortField::published_at:
    case VideoSortField::hot:
    case VideoSortField::match:
      return "v.published_at";
  }
  return "v.published_at";
}

std::string order_by(VideoSort sort) {
  const std::string_view direction = sort.descending ? "desc" : "asc";
  return fmt::format("{} {}, v.id {}", column_of(sort.field), direction, direction);
}

/// A page whose ids come from `ids`, a select of `id` in the wanted order; `order` repeats it.
std::string summaries_of(std::string_view ids, std::string_view order) {
  static const std::string columns = summary_columns(
      fmt::format("substr(v.description, 1, {})", k_truncated_description_length + 1));
  // The page is cut before the joins, so that these cost only its rows.
  return fmt::format("select {} from ({}) page join video v on v.id = page.id{} order by {}",
                     columns, ids, k_summary_joins, order);
}

std::vector<VideoSummary> read_summaries(const db::Rows& rows) {
  std::vector<VideoSummary> videos;
  videos.reserve(rows.size());
  for (const db::Row& row : rows) videos.push_back(read_summary(row));
  return videos;
}

/// Summaries of these ids, in this order.
std::vector<VideoSummary> find_summaries(db::Session& session, const std::vector<VideoId>& ids) {
  if (ids.empty()) return {};
  std::vector<db::Value> arguments(ids.begin(), ids.end());
  db::pad_list(arguments, ids.size());
  auto videos = read_summaries(session.query(
      summaries_of("select id from video where id in " + db::in_list(ids.size()), "v.id"),
      arguments));
  std::unordered_map<VideoId, std::size_t> rank;
  for (std::size_t i = 0; i < ids.size(); ++i) rank[ids[i]] = i;
  std::ranges::sort(videos, {}, [&](const VideoSummary& v) { return rank[v.id]; });
  return videos;
}

std::vector<VideoId> slice(const std::vector<VideoId>& ids, ListRange range) {
  const auto size = static_cast<std::int64_t>(ids.size());
  const auto first = std::min(range.start, size);
  const auto last = std::min(range.start + range.count, size);
  return {ids.begin() + first, ids.begin() + last};
}

/// The videos that match `filter.search` and the rest of the filter, in the order of `sort`.
std::vector<VideoId> search_ids(db::Session& session, const VideoFilter& filter, VideoSort sort) {
  SearchScope scope;
  scope.condition = audience_sql(filter);
  if (filter.channel) scope.channels = {*filter.channel};
  if (filter.account && !filter.channel) {
    for (const db::Row& row : session.query(
             "select id from channel where account_id = :account limit 200", {*filter.account}))
      scope.channels.push_back(row.id<ChannelId>(0));
    if (scope.channels.empty()) return {};
  }
  const auto candidates = search_candidates(session, filter.search, scope);
  if (candidates.empty()) return {};

  Conditions where = conditions_of(filter);
  where.add_in("v.id", candidates);
  const auto rows =
      session.query(fmt::format("select v.id, v.name from video v where {} order by {}",
                                where.sql(), order_by(sort)),
                    where.arguments());
  std::vector<db::Value> arguments(candidates.begin(), candidates.end());
  db::pad_list(arguments, candidates.size());
  std::unordered_map<VideoId, std::vector<std::string>> tags;
  for (const db::Row& row :
       session.query("select video_id, name from video_tag where video_id in " +
                         db::in_list(candidates.size()),
                     arguments))
    tags[row.id<VideoId>(0)].push_back(row.text(1));

  const auto words = search_words(filter.search);
  struct Match {
    int score = 0;
    std::size_t position = 0;
    VideoId id;
  };
  std::vector<Match> matches;
  for (const db::Row& row : rows) {
    const auto id = row.id<VideoId>(0);
    if (const int score = match_score(words, row.text(1), tags[id]); score > 0)
      matches.push_back({.score = score, .position = matches.size(), .id = id});
  }
  if (sort.field == VideoSortField::match) {
    std::ranges::sort(matches, {}, [&](const Match& match) {
      return std::pair(sort.descending ? -match.score : match.score, match.position);
    });
  }
  std::vector<VideoId> ids;
  ids.reserve(matches.size());
  for (const Match& match : matches) ids.push_back(match.id);
  return ids;
}

/// Videos with recent views, best first, then the rest in the order of `sort`'s column.
Statement by_recent_views(const VideoFilter& filter, VideoSort sort, ListRange range, UtcTime now) {
  const Conditions where = conditions_of(filter);
  const std::int64_t today = to_millis(now);
  std::string score = "sum(b.views)";
  Statement statement;
  if (sort.field == VideoSortField::hot) {
    score =
        "sum(b.views * case when b.start >= :day1 then 8 when b.start >= :day3 then 3"
        " else 1 end)";
    statement.arguments = {today - k_day_ms, today - 3 * k_day_ms};
  }
  statement.arguments.emplace_back(today - 7 * k_day_ms);
  statement.arguments.insert(statement.arguments.end(), where.arguments().begin(),
                             where.arguments().end());
  // Each half gives as many as the page could take of it; numbers where page_statement has them.
  std::string end = fmt::format("{}", range.count);
  std::string offset;
  if (range.start > 0) {
    end = ":end";
    offset = " offset :start";
    statement.arguments.insert(statement.arguments.end(), {range.start + range.count, range.start});
  }
  const std::string ids = fmt::format(
      "select id, seen, score, place from (select v.id as id, 1 as seen, recent.score as score,"
      " v.views as place from (select b.video_id, {} as score from view_bucket b"
      " where b.start >= :week group by b.video_id) recent"
      " join video v on v.id = recent.video_id where {}"
      " order by recent.score desc, v.views desc, v.id desc limit {}) ranked"
      " union all select id, seen, score, place from (select v.id as id, 0 as seen, 0 as score,"
      " {} as place from video v where {} and not exists (select 1 from view_bucket b"
      " where b.video_id = v.id and b.start >= :week) order by {} limit {}) rest"
      " order by seen desc, score desc, place desc, id desc limit {}{}",
      score, where.sql(), end, column_of(sort.field), where.sql(), order_by({sort.field, true}),
      end, range.count, offset);
  statement.sql = summaries_of(ids, "page.seen desc, page.score desc, page.place desc, v.id desc");
  return statement;
}

}  // namespace

std::optional<VideoSortField> parse_video_sort(std::string_view name) {
  static constexpr std::pair<std::string_view, VideoSortField> k_names[] = {
      {"name", VideoSortField::name},
      {"duration", VideoSortField::duration},
      {"createdAt", VideoSortField::created_at},
      {"updatedAt", VideoSortField::updated_at},
      {"publishedAt", VideoSortField::published_at},
      {"originallyPublishedAt", VideoSortField::originally_published_at},
      {"views", VideoSortField::views},
      {"likes", VideoSortField::published_at},
      {"trending", VideoSortField::trending},
      {"hot", VideoSortField::hot},
      {"best", VideoSortField::hot},
      {"match", VideoSortField::match},
  };
  for (const auto& [word, field] : k_names) {
    if (word == name) return field;
  }
  return std::nullopt;
}

Statement page_statement(const VideoFilter& filter, VideoSort sort, ListRange range) {
  const Conditions where = conditions_of(filter);
  const std::string order = order_by(sort);
  Statement statement{.sql = {}, .arguments = where.arguments()};
  // The count is at most a hundred different texts, and the first page has no offset: what
  // PostgreSQL knows of them it plans once, for an argument it would plan each time anew, which
  // takes ten times as long as the page.
  std::string page = fmt::format("select v.id from video v where {} order by {} limit {}",
                                 where.sql(), order, range.count);
  if (range.start > 0) {
    page += " offset :start";
    statement.arguments.emplace_back(range.start);
  }
  statement.sql = summaries_of(page, order);
  return statement;
}

FoundVideos search_videos(db::Session& session, const VideoFilter& filter, VideoSort sort,
                          ListRange range) {
  const auto ids = search_ids(session, filter, sort);
  return {find_summaries(session, slice(ids, range)), static_cast<std::int64_t>(ids.size())};
}

std::vector<VideoSummary> list_videos(db::Session& session, const VideoFilter& filter,
                                      VideoSort sort, ListRange range, UtcTime now) {
  if (range.count <= 0) return {};
  if (!filter.search.empty()) return search_videos(session, filter, sort, range).videos;
  const bool is_by_views =
      sort.field == VideoSortField::trending || sort.field == VideoSortField::hot;
  const Statement statement = is_by_views && sort.descending
                                  ? by_recent_views(filter, sort, range, now)
                                  : page_statement(filter, sort, range);
  return read_summaries(session.query(statement.sql, statement.arguments));
}

std::int64_t count_videos(db::Session& session, const VideoFilter& filter) {
  if (!filter.search.empty())
    return static_cast<std::int64_t>(search_ids(session, filter, {}).size());
  const Conditions where = conditions_of(filter);
  return session.query_one("select count(*) from video v where " + where.sql(), where.arguments())
      ->integer(0);
}

std::vector<std::optional<StreamingPlaylist>> find_playlists(
    db::Session& session, const std::vector<VideoSummary>& videos) {
  std::vector<std::optional<StreamingPlaylist>> playlists(videos.size());
  if (videos.empty()) return playlists;
  std::unordered_map<VideoId, std::size_t> at;
  std::vector<db::Value> arguments;
  for (std::size_t i = 0; i < videos.size(); ++i) {
    at[videos[i].id] = i;
    arguments.emplace_back(videos[i].id);
  }
  db::pad_list(arguments, videos.size());
  const std::string list = db::in_list(videos.size());
  for (const db::Row& row :
       session.query("select sp.video_id, sp.id, m.name, s.name from streaming_playlist sp"
                     " join media_file m on m.id = sp.master_file_id"
                     " left join media_file s on s.id = sp.segments_sha256_file_id"
                     " where sp.video_id in " +
                         list,
                     arguments)) {
    playlists[at[row.id<VideoId>(0)]] =
        StreamingPlaylist{.id = row.integer(1),
                          .master_name = row.text(2),
                          .is_finished = true,
                          .segments_sha256_name = row.optional_text(3),
                          .files = {}};
  }
  for (const db::Row& row : session.query(
           "select r.video_id, r.id, r.height, r.width, r.pixel_height, r.fps, f.size,"
           " r.has_audio, r.has_video, f.name, p.name from rendition r"
           " join media_file f on f.id = r.file_id join media_file p on p.id = r.playlist_file_id"
           " where r.video_id in " +
               list + " order by r.video_id, r.height desc",
           arguments)) {
    auto& playlist = playlists[at[row.id<VideoId>(0)]];
    if (!playlist) continue;
    playlist->files.push_back({.id = row.id<RenditionId>(1),
                               .resolution = row.integer(2),
                               .width = row.integer(3),
                               .height = row.integer(4),
                               .fps = row.integer(5),
                               .size = static_cast<std::uint64_t>(row.integer(6)),
                               .has_audio = row.boolean(7),
                               .has_video = row.boolean(8),
                               .file_name = row.text(9),
                               .playlist_name = row.text(10)});
  }
  return playlists;
}

}  // namespace shoal::catalog
