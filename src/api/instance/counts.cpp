#include "api/instance/counts.h"

namespace shoal::api {
namespace {

using std::chrono::days;

void count_users(db::Session& session, UtcTime now, Counts& counts) {
  const auto row = session.query_one(
      "select count(*), coalesce(sum(case when role = 0 then 1 else 0 end), 0), "
      "coalesce(sum(case when role = 1 then 1 else 0 end), 0), "
      "coalesce(sum(case when last_login_at >= :day then 1 else 0 end), 0), "
      "coalesce(sum(case when last_login_at >= :week then 1 else 0 end), 0), "
      "coalesce(sum(case when last_login_at >= :month then 1 else 0 end), 0), "
      "coalesce(sum(case when last_login_at >= :half then 1 else 0 end), 0) from users",
      {now - days{1}, now - days{7}, now - days{30}, now - days{180}});
  counts.users = row->integer(0);
  counts.administrators = row->integer(1);
  counts.moderators = row->integer(2);
  counts.active_day = row->integer(3);
  counts.active_week = row->integer(4);
  counts.active_month = row->integer(5);
  counts.active_half_year = row->integer(6);
}

std::int64_t channels_active_since(db::Session& session, UtcTime since) {
  return session
      .query_one("select count(distinct channel_id) from video where published_at >= :since",
                 {since})
      ->integer(0);
}

}  // namespace

Counts count_all(db::Session& session, UtcTime now) {
  Counts counts;
  count_users(session, now, counts);
  counts.channels = session.query_one("select count(*) from channel")->integer(0);
  counts.channels_day = channels_active_since(session, now - days{1});
  counts.channels_week = channels_active_since(session, now - days{7});
  counts.channels_month = channels_active_since(session, now - days{30});
  const auto videos = session.query_one(
      "select count(*), coalesce(sum(case when privacy = 1 and state = 1 then 1 else 0 end), 0), "
      "coalesce(sum(views), 0) from video");
  counts.all_videos = videos->integer(0);
  counts.videos = videos->integer(1);
  counts.views = videos->integer(2);
  counts.file_bytes =
      session.query_one("select coalesce(sum(size), 0) from media_file")->integer(0);
  return counts;
}

}  // namespace shoal::api
