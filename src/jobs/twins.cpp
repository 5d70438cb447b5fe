#include "jobs/twins.h"

#include <algorithm>

#include "base/text.h"
#include "jobs/leased_row.h"

namespace shoal::jobs {
namespace {

/// Slow jobs that are looked at in one go.
constexpr std::int64_t k_looked_at = 8;

/// A worker whose heart has not beaten for so long does not count.
constexpr Seconds k_alive{30};

/// Workers that live and do one of these kinds; who does not say what it does may do all.
std::int64_t count_workers(db::Session& session, const std::vector<std::string>& kinds) {
  std::int64_t count = 0;
  for (const auto& row : session.query("select kinds from worker where heartbeat_at > :alive",
                                       {session.now() - k_alive})) {
    if (row.is_null(0)) {
      ++count;
      continue;
    }
    const std::string said = row.text(0);
    const auto does = split(said, ' ');
    if (std::ranges::find_first_of(does, kinds) != does.end()) ++count;
  }
  return count;
}

/// Those elsewhere count while they hold a job: they have no heart here.
bool has_room(db::Session& session, const std::vector<std::string>& kinds) {
  const auto row = session.query_one(
      "select (select count(*) from job where state = 2 and twin is not null),"
      " (select count(distinct worker) from job where state = 2"
      " and not exists (select 1 from worker where worker.name = job.worker))");
  const std::int64_t workers = row->integer(1) + count_workers(session, kinds);
  return row->integer(0) < std::max<std::int64_t>(1, workers / k_workers_for_twin);
}

/// What those of its kind and video took that are done.
struct Like {
  std::int64_t done = 0;
  std::int64_t running = 0;
};

Like count_like(db::Session& session, VideoId video, std::string_view kind) {
  const auto row = session.query_one(
      "select (select count(*) from job_history where video_id = :video and kind = :kind"
      " and outcome = 1 and leased_at is not null),"
      " (select count(*) from job where video_id = :video and kind = :kind and state = 2)",
      {video, kind});
  return {row->integer(0), row->integer(1)};
}

Milliseconds median_of(db::Session& session, VideoId video, std::string_view kind,
                       std::int64_t count) {
  const auto row = session.query_one(
      "select finished_at - leased_at as took from job_history where video_id = :video"
      " and kind = :kind and outcome = 1 and leased_at is not null"
      " order by took limit 1 offset :half",
      {video, kind, count / 2});
  return Milliseconds{row ? row->integer(0) : 0};
}

bool is_straggler(db::Session& session, VideoId video, std::string_view kind, Milliseconds ran) {
  const Like like = count_like(session, video, kind);
  return like.done >= k_done_for_one * like.running &&
         ran > k_slow * median_of(session, video, kind, like.done);
}

}  // namespace

std::vector<JobId> find_stragglers(db::Session& session, std::string_view worker,
                                   const std::vector<std::string>& kinds) {
  std::vector<JobId> found;
  if (kinds.empty()) return found;
  const UtcTime now = session.now();
  std::vector<db::Value> arguments{now - k_least_run, worker};
  arguments.insert(arguments.end(), kinds.begin(), kinds.end());
  db::pad_list(arguments, kinds.size());
  arguments.emplace_back(k_looked_at);
  const auto rows = session.query(
      "select id, video_id, kind, leased_at from job where state = 2 and twin_leased_at is null"
      " and leased_at < :before and attempt < max_attempts and worker <> :worker and kind in " +
          db::in_list(kinds.size(), "kind") +
          " and not exists (select 1 from job other where other.video_id = job.video_id"
          " and ((other.kind = job.kind and other.state <> 2)"
          "   or (other.kind <> job.kind and other.state = 2)))"
          " order by leased_at, id limit :limit",
      arguments);
  if (rows.empty() || !has_room(session, kinds)) return found;
  found.reserve(rows.size());
  for (const auto& row : rows) {
    if (row.is_null(1)) continue;
    if (is_straggler(session, row.id<VideoId>(1), row.text(2), now - row.time(3)))
      found.push_back(row.id<JobId>(0));
  }
  return found;
}

std::optional<LeasedJob> lease_twin(db::Session& session, std::string_view worker, JobId job,
                                    Seconds lease) {
  const UtcTime now = session.now();
  const auto row = session.query_one(
      std::string("update job set twin = :worker, twin_expires_at = :expires,"
                  " twin_leased_at = :now where id = :id and state = 2 and twin_leased_at is null"
                  " and worker <> :worker returning") +
          k_twin_columns,
      {worker, now + lease, now, job});
  return row ? std::optional(to_leased(*row)) : std::nullopt;
}

std::optional<LeasedJob> lease_twin(db::Session& session, std::string_view worker,
                                    const std::vector<std::string>& kinds, Seconds lease) {
  for (const JobId job : find_stragglers(session, worker, kinds)) {
    if (auto twin = lease_twin(session, worker, job, lease)) return twin;
  }
  return std::nullopt;
}

}  // namespace shoal::jobs
