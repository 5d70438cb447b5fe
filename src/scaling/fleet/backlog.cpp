#include "scaling/fleet/backlog.h"

#include <fmt/format.h>

#include <algorithm>

namespace shoal::scaling {
namespace {

/// Of the last completed ones, whose pace is taken for that of the next.
constexpr int k_measured_jobs = 200;
/// Fewer results of workers say less of their pace than those of all.
constexpr std::int64_t k_enough_jobs = 20;

/// How many jobs each video was cut into, with what waits and what came of it: one pass.
constexpr std::string_view k_queue =
    "(select video_id, count(*) as jobs, sum(waiting) as waiting, min(waits_since) as waits_since,"
    " sum(case when created_at > :latest then 1 else 0 end) as latest,"
    " sum(case when created_at > :before and created_at <= :latest then 1 else 0 end) as earlier,"
    " sum(case when created_at > :lately then 1 else 0 end) as lately from (select video_id,"
    " created_at, case when state = 1 and run_after <= :now then 1 else 0 end as waiting,"
    " case when state = 1 and run_after <= :now then case when created_at > run_after"
    " then created_at else run_after end end as waits_since from job where kind = :kind"
    " union all select video_id, created_at, 0, null from job_history where kind = :kind) as every"
    " group by video_id)";
/// The seconds of media of one job.
constexpr std::string_view k_share = "v.duration / (1000.0 * q.jobs)";

std::string sums_of(std::string_view column) {
  return fmt::format("coalesce(sum(q.{0}), 0), coalesce(sum(q.{0} * {1}), 0)", column, k_share);
}

void read_queue(db::Session& session, std::string_view kind, Backlog& backlog) {
  const UtcTime now = session.now();
  const auto row =
      session.query_one(fmt::format("select {}, {}, {}, {}, min(q.waits_since) from {} as q"
                                    " join video v on v.id = q.video_id",
                                    sums_of("waiting"), sums_of("latest"), sums_of("earlier"),
                                    sums_of("lately"), k_queue),
                        {now - k_latest, now - 2 * k_latest, now - k_lately, now, kind});
  backlog.jobs = row->integer(0);
  backlog.media_seconds = row->real(1);
  const auto arrivals = [&row](std::size_t column, Seconds time) {
    return Arrivals{.time = time,
                    .work_seconds = row->real(column + 1),
                    .jobs = static_cast<std::uint64_t>(row->integer(column))};
  };
  backlog.latest = arrivals(2, k_latest);
  backlog.before = arrivals(4, k_latest);
  backlog.lately = arrivals(6, k_lately);
  if (!row->is_null(8)) {
    backlog.oldest_wait =
        std::max(Seconds{0}, std::chrono::duration_cast<Seconds>(now - row->time(8)));
  }
}

struct Pace {
  double wall_seconds = 0;
  double media_seconds = 0;
  std::int64_t jobs = 0;
};

// Whose work it was: a worker's name in the queue is runners::Runner::worker_name().
constexpr std::string_view k_anybodys = "";
constexpr std::string_view k_workers = " and worker like 'runner:%'";
constexpr std::string_view k_nodes = " and worker not like 'runner:%'";

/// Of the attempts that succeeded, from when each was begun.
Pace read_pace(db::Session& session, std::string_view kind, std::string_view whose) {
  const auto row = session.query_one(
      fmt::format("with last as (select video_id, leased_at, finished_at from job_history"
                  " where kind = :kind and outcome = 1 and leased_at is not null{}"
                  " order by finished_at desc limit {}), q as (select video_id, count(*) as jobs"
                  " from (select video_id from job where kind = :kind union all"
                  " select video_id from job_history where kind = :kind) as every"
                  " where video_id in (select video_id from last) group by video_id)"
                  " select coalesce(sum(last.finished_at - last.leased_at), 0) / 1000.0,"
                  " coalesce(sum({}), 0), count(*) from last join q on q.video_id = last.video_id"
                  " join video v on v.id = last.video_id",
                  whose, k_measured_jobs, k_share),
      {kind});
  return {row->real(0), row->real(1), row->integer(2)};
}

Pace read_workers_pace(db::Session& session, std::string_view kind) {
  const Pace own = read_pace(session, kind, k_workers);
  return own.jobs >= k_enough_jobs ? own : read_pace(session, kind, k_anybodys);
}

/// Nodes go on with as many jobs as they have now while there are some.
double read_node_speed(db::Session& session, std::string_view kind) {
  const Pace pace = read_pace(session, kind, k_nodes);
  if (pace.wall_seconds <= 0) return 0;
  const auto running =
      session
          .query_one(
              fmt::format("select count(*) from job where state = 2 and kind = :kind{}", k_nodes),
              {kind})
          ->integer(0);
  return static_cast<double>(running) * pace.media_seconds / pace.wall_seconds;
}

std::vector<SeenWorker> read_workers(db::Session& session, double job_seconds) {
  const UtcTime now = session.now();
  const db::Rows rows = session.query(
      "select r.name, r.created_at, r.last_contact_at, count(j.id), max(case when j.worker = "
      "'runner:' || r.id"
      " then j.leased_at else j.twin_leased_at end)"
      " from runner r left join job j on j.state = 2"
      " and (j.worker = 'runner:' || r.id or j.twin = 'runner:' || r.id)"
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
  read_queue(session, kind, backlog);
  const Pace pace = read_workers_pace(session, kind);
  backlog.node_media_speed = read_node_speed(session, kind);
  if (pace.media_seconds > 0)
    backlog.seconds_per_media_second = pace.wall_seconds / pace.media_seconds;
  backlog.workers =
      read_workers(session, pace.jobs > 0 ? pace.wall_seconds / static_cast<double>(pace.jobs) : 0);
  return backlog;
}

}  // namespace shoal::scaling
