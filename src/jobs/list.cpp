#include "jobs/list.h"

#include <array>

#include "base/check.h"
#include "db/clock.h"

namespace shoal::jobs {

namespace {

using Named = std::pair<ListState, std::string_view>;
constexpr std::array<Named, 7> k_names{
    Named{ListState::all, "all"},
    Named{ListState::waiting, "waiting"},
    Named{ListState::active, "active"},
    Named{ListState::completed, "completed"},
    Named{ListState::failed, "failed"},
    Named{ListState::delayed, "delayed"},
    Named{ListState::waiting_children, "waiting-children"},
};

/// The numbers that the union below gives to the states: an unfinished job's, then an ended one's.
/// 1 waiting 2 running 3 blocked 4 delayed 11 completed 12 failed 13 cancelled.
ListState state_of(std::int64_t number) {
  switch (number) {
    case 1:
      return ListState::waiting;
    case 2:
      return ListState::active;
    case 3:
      return ListState::waiting_children;
    case 4:
      return ListState::delayed;
    case 11:
      return ListState::completed;
    default:
      return ListState::failed;
  }
}

std::string condition(ListState state) {
  switch (state) {
    case ListState::all:
      return "listed > 0";
    case ListState::waiting:
      return "listed = 1";
    case ListState::active:
      return "listed = 2";
    case ListState::waiting_children:
      return "listed = 3";
    case ListState::delayed:
      return "listed = 4";
    case ListState::completed:
      return "listed = 11";
    case ListState::failed:
      return "listed in (12, 13)";
  }
  return "listed > 0";
}

constexpr const char* k_all_jobs =
    "(select id, kind, case when state = 1 and run_after > :now then 4 else state end as listed,"
    "  video_id, payload, priority, attempt, last_error as error,"
    " case when twin is null then worker else worker || ', ' || twin end as worker, created_at,"
    " started_at,"
    "  null as finished_at from job"
    " union all select id, kind, 10 + outcome, video_id, payload, priority, attempt, error,"
    "  null, created_at, started_at, finished_at from job_history) as jobs";

ListedJob to_job(const db::Row& row) {
  ListedJob job;
  job.id = row.id<JobId>(0);
  job.kind = row.text(1);
  job.state = state_of(row.integer(2));
  if (!row.is_null(3)) job.video = row.id<VideoId>(3);
  job.payload = row.text(4);
  job.priority = static_cast<int>(row.integer(5));
  job.attempt = static_cast<int>(row.integer(6));
  job.error = row.optional_text(7);
  job.worker = row.optional_text(8);
  job.created_at = row.time(9);
  job.started_at = row.optional_time(10);
  job.finished_at = row.optional_time(11);
  return job;
}

}  // namespace

std::optional<ListState> parse_list_state(std::string_view text) {
  for (const auto& [state, name] : k_names) {
    if (name == text) return state;
  }
  return std::nullopt;
}

std::string_view to_string(ListState state) {
  for (const auto& [known, name] : k_names) {
    if (known == state) return name;
  }
  return "all";
}

JobPage list_jobs(db::Session& session, const JobFilter& filter) {
  std::string where = " where " + condition(filter.state);
  std::vector<db::Value> arguments{session.now()};
  if (filter.kind) {
    where += " and kind = :kind";
    arguments.emplace_back(*filter.kind);
  }
  if (filter.video) {
    where += " and video_id = :video";
    arguments.emplace_back(*filter.video);
  }
  JobPage page;
  page.total =
      session.query_one(std::string("select count(*) from ") + k_all_jobs + where, arguments)
          ->integer(0);
  arguments.emplace_back(filter.count);
  arguments.emplace_back(filter.start);
  const auto rows =
      session.query(std::string("select * from ") + k_all_jobs + where + " order by id " +
                        (filter.newest_first ? "desc" : "asc") + " limit :count offset :start",
                    arguments);
  for (const auto& row : rows) page.jobs.push_back(to_job(row));
  return page;
}

std::vector<JobCount> count_jobs(db::Session& session) {
  std::vector<JobCount> counts;
  for (const auto& row :
       session.query(std::string("select kind, case when listed = 13 then 12 else listed end,"
                                 " count(*) from ") +
                         k_all_jobs + " group by 1, 2 order by 1, 2",
                     {session.now()})) {
    counts.push_back({row.text(0), state_of(row.integer(1)), row.integer(2)});
  }
  return counts;
}

bool prune_history(db::Session& session, Seconds max_age, std::int64_t max_count,
                   std::int64_t batch) {
  const UtcTime now = session.now();
  session.execute("delete from worker where heartbeat_at < :limit", {now - std::chrono::days(1)});
  const auto old = session.execute(
      "delete from job_history where id in (select id from job_history"
      " where finished_at < :limit order by finished_at limit :batch)",
      {now - max_age, batch});
  const auto excess = session.query_one("select count(*) from job_history")->integer(0) - max_count;
  if (excess > 0) {
    session.execute(
        "delete from job_history where id in (select id from job_history"
        " order by finished_at, id limit :batch)",
        {std::min(excess, batch)});
  }
  return old == batch || excess > batch;
}

}  // namespace shoal::jobs
