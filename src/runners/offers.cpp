#include "runners/offers.h"

#include <fmt/format.h>

#include "jobs/twins.h"
#include "processing/pipeline/graph.h"
#include "runners/registry.h"

namespace shoal::runners {
namespace {

constexpr Seconds k_leave_to_others{60};

// A job's number in the list of states is PeerTube's: 1 to 3 are waiting, running and blocked, and
// the ended ones follow.
constexpr std::string_view k_unfinished =
    "select j.id, j.video_id, v.uuid, j.payload, case j.state when 3 then 5 else j.state end,"
    " j.priority, j.failures, j.last_error, j.worker, j.created_at, j.started_at,"
    " null as finished_at, j.kind from job j left join video v on v.id = j.video_id";
constexpr std::string_view k_finished =
    "select h.id, h.video_id, v.uuid, h.payload, case h.outcome when 1 then 3 when 2 then 4 else 6"
    " end, h.priority, h.attempt - 1, h.error, null, h.created_at, h.started_at, h.finished_at,"
    " h.kind from job_history h left join video v on v.id = h.video_id";

constexpr std::string_view k_may_take =
    " j.state = 1 and j.run_after <= :now and not exists (select 1"
    " from runner_failure f where f.job_id = j.id and f.runner_id = :runner"
    " and f.failed_at > :since)";
/// Nobody has begun it in segments.
constexpr std::string_view k_untouched =
    " and not exists (select 1 from work_segment w where w.video_id = j.video_id"
    " and j.payload = '{\"index\":' || w.height || '}')";
const std::vector<std::string> k_kinds{std::string(processing::k_encode)};

std::vector<db::Value> may_take_arguments(db::Session& session, RunnerId runner) {
  const UtcTime now = session.now();
  return {now, runner, now - k_leave_to_others};
}

std::string_view kind_of(JobType type) {
  return type == JobType::hls ? processing::k_whole : processing::k_encode;
}

RunnerJob to_job(const db::Row& row) {
  RunnerJob job;
  job.id = row.id<JobId>(0);
  job.video = row.id<VideoId>(1);
  if (!row.is_null(2)) job.video_uuid = row.uuid(2);
  job.index = processing::payload_index(row.text(3));
  job.state = static_cast<JobState>(row.integer(4));
  job.priority = static_cast<int>(row.integer(5));
  job.failures = static_cast<int>(row.integer(6));
  job.error = row.optional_text(7);
  job.worker = row.optional_text(8);
  job.created_at = row.time(9);
  job.started_at = row.optional_time(10);
  job.finished_at = row.optional_time(11);
  job.type = row.text(12) == processing::k_whole ? JobType::hls : JobType::segment;
  return job;
}

bool has_failed_lately(db::Session& session, RunnerId runner, JobId job) {
  return session
      .query_one(
          "select 1 from runner_failure where job_id = :job and runner_id = :runner"
          " and failed_at > :since",
          {job, runner, session.now() - k_leave_to_others})
      .has_value();
}

/// Those that others are slow with.
std::vector<JobId> find_slow(db::Session& session, RunnerId runner) {
  auto found = jobs::find_stragglers(session, Runner::worker_name(runner), k_kinds);
  std::erase_if(found, [&](JobId job) { return has_failed_lately(session, runner, job); });
  return found;
}

}  // namespace

std::string_view to_string(JobType type) {
  return type == JobType::hls ? k_hls_type : k_segment_type;
}

std::string_view to_string(JobState state) {
  switch (state) {
    case JobState::pending:
      return "Pending";
    case JobState::processing:
      return "Processing";
    case JobState::completed:
      return "Completed";
    case JobState::errored:
      return "Errored";
    case JobState::waiting_for_parent:
      return "Waiting for parent job to finish";
    case JobState::cancelled:
      return "Cancelled";
  }
  return "";
}

std::vector<RunnerJob> find_waiting(db::Session& session, RunnerId runner, JobType type,
                                    std::size_t limit) {
  auto arguments = may_take_arguments(session, runner);
  arguments.emplace_back(kind_of(type));
  arguments.emplace_back(limit);
  std::vector<RunnerJob> jobs;
  jobs.reserve(limit);
  for (const db::Row& row :
       session.query(fmt::format("{} where{} and j.kind = :kind{} order by j.priority, j.turn, j.id"
                                 " limit :limit",
                                 k_unfinished, k_may_take, type == JobType::hls ? k_untouched : ""),
                     arguments))
    jobs.push_back(to_job(row));
  if (!jobs.empty() || type != JobType::segment) return jobs;
  for (const JobId slow : find_slow(session, runner)) {
    if (auto job = find_job(session, slow)) jobs.push_back(*std::move(job));
  }
  return jobs;
}

bool is_any_waiting(db::Session& session, JobType type) {
  return session
      .query_one("select 1 from job where state = 1 and run_after <= :now and kind = :kind limit 1",
                 {session.now(), kind_of(type)})
      .has_value();
}

bool may_take(db::Session& session, RunnerId runner, JobId job) {
  auto arguments = may_take_arguments(session, runner);
  arguments.emplace_back(job);
  const bool waits =
      session
          .query_one(fmt::format("select 1 from job j where{} and j.id = :id", k_may_take),
                     arguments)
          .has_value();
  return waits || std::ranges::count(find_slow(session, runner), job) > 0;
}

std::optional<RunnerJob> find_job(db::Session& session, JobId job) {
  for (const auto& [from, table] : {std::pair{k_unfinished, 'j'}, std::pair{k_finished, 'h'}}) {
    const auto row = session.query_one(
        fmt::format("{0} where {1}.id = :id and {1}.kind in (:segment, :whole)", from, table),
        {job, processing::k_encode, processing::k_whole});
    if (row) return to_job(*row);
  }
  return std::nullopt;
}

void note_failure(db::Session& session, JobId job, RunnerId runner) {
  // A job that has ended has no row that this could refer to.
  session.execute(
      "insert into runner_failure (job_id, runner_id, failed_at)"
      " select id, :runner, :now from job where id = :job"
      " on conflict (job_id, runner_id) do update set failed_at = excluded.failed_at",
      {runner, session.now(), job});
}

void forget_job(db::Session& session, JobId job) {
  session.execute("delete from job_history where id = :id", {job});
}

JobPage list_jobs(db::Session& session, std::int64_t start, std::int64_t count, bool newest_first) {
  JobPage page;
  page.total = session
                   .query_one(
                       "select (select count(*) from job where kind in (:segment, :whole))"
                       " + (select count(*) from job_history where kind in (:segment, :whole))",
                       {processing::k_encode, processing::k_whole})
                   ->integer(0);
  for (const db::Row& row : session.query(
           fmt::format(
               "select * from ({} union all {}) as jobs"
               " where kind in (:segment, :whole) order by id {} limit :count offset :start",
               k_unfinished, k_finished, newest_first ? "desc" : "asc"),
           {processing::k_encode, processing::k_whole, count, start}))
    page.jobs.push_back(to_job(row));
  return page;
}

}  // namespace shoal::runners
