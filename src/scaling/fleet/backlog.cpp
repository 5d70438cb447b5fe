#include "scaling/fleet/backlog.h"

#include <fmt/format.h>

#include <algorithm>

namespace shoal::scaling {
namespace {

/// Of the last completed ones, whose pace is taken for that of the next.
constexpr int k_measured_jobs = 200;

/// How many jobs a video was cut into.
constexpr std::string_view k_shares =
    "with shares as (select video_id, count(*) as jobs from (select video_id from job"
    " where kind = :kind union all select video_id from job_history where kind = :kind) as every"
    " group by video_id) ";
constexpr std::string_view k_media = "v.duration / (1000.0 * s.jobs)";

void read_waiting(db::Session& session, std::string_view kind, Backlog& backlog) {
  const UtcTime now = session.now();
  const auto row = session.query_one(
      fmt::format("{}select count(*), coalesce(sum({}), 0), min(case when j.created_at >"
                  " j.run_after then j.created_at else j.run_after end) from job j"
                  " join shares s on s.video_id = j.video_id join video v on v.id = j.video_id"
                  " where j.kind = :kind and j.state = 1 and j.run_after <= :now",
                  k_shares, k_media),
      {kind, now});
  backlog.jobs = row->integer(0);
  backlog.media_seconds = row->real(1);
  if (!row->is_null(2)) {
    backlog.oldest_wait =
        std::max(Seconds{0}, std::chrono::duration_cast<Seconds>(now - row->time(2)));
  }
}

void read_arrivals(db::Session& session, std::string_view kind, Backlog& backlog) {
  const UtcTime now = session.now();
  const db::Rows rows = session.query(
      fmt::format("{}select a.span, count(*), sum({}) from (select video_id,"
                  " case when created_at > :latest then 0 when created_at > :before then 1 else 2"
                  " end as span from (select video_id, created_at from job where kind = :kind and"
                  " created_at > :lately union all select video_id, created_at from job_history"
                  " where kind = :kind and created_at > :lately) as came) as a"
                  " join shares s on s.video_id = a.video_id join video v on v.id = a.video_id"
                  " group by a.span",
                  k_shares, k_media),
      {kind, now - k_latest, now - 2 * k_latest, now - k_lately});
  backlog.latest.time = k_latest;
  backlog.before.time = k_latest;
  backlog.lately.time = k_lately;
  for (const db::Row& row : rows) {
    const auto jobs = static_cast<std::uint64_t>(row.integer(1));
    const double work = row.real(2);
    backlog.lately.jobs += jobs;
    backlog.lately.work_seconds += work;
    if (row.integer(0) == 2) continue;
    Arrivals& span = row.integer(0) == 0 ? backlog.latest : backlog.before;
    span.jobs = jobs;
    span.work_seconds = work;
  }
}

struct Pace {
  double wall_seconds = 0;
  double media_seconds = 0;
  std::int64_t jobs = 0;
};

/// Only of first attempts: others also waited between theirs.
Pace read_pace(db::Session& session, std::string_view kind) {
  const auto row = session.query_one(
      fmt::format("{}select coalesce(sum(h.finished_at - h.started_at), 0) / 1000.0,"
                  " coalesce(sum({}), 0), count(*) from (select video_id, started_at, finished_at"
                  " from job_history where kind = :kind and outcome = 1 and attempt = 1"
                  " and started_at is not null order by finished_at desc limit {}) as h"
                  " join shares s on s.video_id = h.video_id join video v on v.id = h.video_id",
                  k_shares, k_media, k_measured_jobs),
      {kind});
  return {row->real(0), row->real(1), row->integer(2)};
}

/// A worker's name in the queue is runners::Runner::worker_name().
std::vector<SeenWorker> read_workers(db::Session& session, double job_seconds) {
  const UtcTime now = session.now();
  const db::Rows rows = session.query(
      "select r.name, r.created_at, r.last_contact_at, count(j.id), max(j.started_at)"
      " from runner r left join job j on j.state = 2 and j.worker = 'runner:' || r.id"
      " where r.last_contact_at > :heard group by r.id, r.name, r.created_at, r.last_contact_at"
      " order by r.name",
      {now - k_heard_for});
  std::vector<SeenWorker> workers;
  workers.reserve(rows.size());
  for (const db::Row& row : rows) {
    SeenWorker worker{.name = row.text(0),
                      .registered_at = row.time(1),
                      .last_contact = row.time(2),
                      .running_jobs = row.integer(3)};
    if (!row.is_null(4)) {
      const double passed = std::chrono::duration<double>(now - row.time(4)).count();
      const auto left = static_cast<std::int64_t>(std::clamp(job_seconds - passed, 0.0, 86'400.0));
      worker.work_left = Seconds{left};
    }
    workers.push_back(std::move(worker));
  }
  return workers;
}

}  // namespace

Backlog read_backlog(db::Session& session, std::string_view kind) {
  Backlog backlog;
  read_waiting(session, kind, backlog);
  read_arrivals(session, kind, backlog);
  const Pace pace = read_pace(session, kind);
  if (pace.media_seconds > 0)
    backlog.seconds_per_media_second = pace.wall_seconds / pace.media_seconds;
  backlog.workers =
      read_workers(session, pace.jobs > 0 ? pace.wall_seconds / static_cast<double>(pace.jobs) : 0);
  return backlog;
}

}  // namespace shoal::scaling
