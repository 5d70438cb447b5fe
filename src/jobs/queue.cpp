#include "jobs/queue.h"

#include <fmt/ranges.h>

#include <set>

#include "base/text.h"
#include "jobs/holders.h"
#include "jobs/leased_row.h"
#include "jobs/states.h"

namespace shoal::jobs {

// States and outcomes stand as numbers in the SQL (1 waiting, 2 running, 3 blocked; 1 completed,
// 2 failed, 3 cancelled): a partial index serves a literal only.

namespace {

constexpr std::size_t k_error_limit = 4000;
constexpr int k_beats_of_a_lease = 6;
constexpr Seconds k_shortest_delay{2};
constexpr Seconds k_longest_delay{600};
constexpr std::chrono::hours k_longest_trial{7 * 24};

/// What a program printed may hold anything; a row holds short UTF-8.
std::string as_column(std::string_view error) {
  std::string text(error.substr(0, k_error_limit));
  // The cut may have halved a character.
  for (int i = 0; i < 3 && !text.empty() && !is_valid_utf8(text); ++i) text.pop_back();
  if (is_valid_utf8(text)) return text;
  text = error.substr(0, k_error_limit);
  for (char& c : text) {
    if (c != '\n' && (c < ' ' || c > '~')) c = '?';
  }
  return text;
}

/// An update that changes nothing locks its rows until the transaction ends, on both engines.
/// Returns those that exist.
std::set<std::int64_t> lock_jobs(db::Session& session, const std::vector<JobId>& jobs) {
  std::set<std::int64_t> found;
  if (jobs.empty()) return found;
  std::vector<db::Value> arguments(jobs.begin(), jobs.end());
  db::pad_list(arguments, jobs.size());
  for (const auto& row : session.query("update job set priority = priority where id in " +
                                           db::in_list(jobs.size()) + " returning id",
                                       arguments)) {
    found.insert(row.integer(0));
  }
  return found;
}

bool any_ended_badly(db::Session& session, const std::vector<JobId>& jobs) {
  if (jobs.empty()) return false;
  std::vector<db::Value> arguments(jobs.begin(), jobs.end());
  db::pad_list(arguments, jobs.size());
  return session
      .query_one("select 1 from job_history where id in " + db::in_list(jobs.size()) +
                     " and outcome <> 1 limit 1",
                 arguments)
      .has_value();
}

void move_to_history(db::Session& session, JobId job, int outcome,
                     const std::optional<std::string>& error) {
  session.execute(
      "insert into job_history (id, kind, video_id, payload, priority, outcome, attempt, error,"
      "  created_at, started_at, finished_at, worker, leased_at)"
      " select id, kind, video_id, payload, priority, :outcome, attempt, :error, created_at,"
      "  started_at, :now, worker, leased_at from job where id = :id",
      {outcome, error, session.now(), job});
  session.execute("delete from job where id = :id", {job});
}

std::vector<JobId> dependents(db::Session& session, JobId job) {
  std::vector<JobId> jobs;
  for (const auto& row : session.query(
           "select job_id from job_dependency where needs = :id order by job_id", {job})) {
    jobs.push_back(row.id<JobId>(0));
  }
  return jobs;
}

/// Ends `first` with `outcome` and everything that needs it, however far, as cancelled.
void end_badly(db::Session& session, JobId first, int outcome, const std::string& error) {
  std::vector<JobId> open{first};
  while (!open.empty()) {
    const JobId job = open.back();
    open.pop_back();
    const auto blocked = dependents(session, job);
    lock_jobs(session, blocked);
    open.insert(open.end(), blocked.begin(), blocked.end());
    if (job == first) {
      move_to_history(session, job, outcome, error);
    } else {
      move_to_history(session, job, k_cancelled,
                      fmt::format("it needs job {}, which did not complete", first.value));
    }
    session.execute("delete from job_dependency where needs = :id", {job});
  }
}

/// Jobs of dead workers go back to waiting.
void reclaim_expired(db::Session& session, Seconds lease, UtcTime now) {
  const auto reclaimed = end_leases(
      session,
      "{expires} <= :now and not exists (select 1 from worker where worker.name = job.{holder}"
      " and worker.heartbeat_at > :alive_since)",
      {now, now - lease}, Ending::died);
  if (reclaimed > 0) session.notify(k_waiting_channel);
}

/// Back to waiting, as if it had not been leased.
void put_back(db::Session& session, const LeasedJob& job, UtcTime run_after,
              const std::optional<std::string>& error) {
  session.execute(
      "update job set state = 1, worker = null, lease_expires_at = null, run_after = :run_after,"
      " last_error = coalesce(:error, last_error), attempt = attempt - 1 where id = :id",
      {run_after, error, job.id});
}

/// The turn of a new job. Read without a lock: two that are added at once may have the same.
constexpr const char* k_new_turn =
    "(select coalesce(max(turn), 0) from"
    "  (select max(turn) + 1 as turn from job"
    "    where state = 1 and owner = :owner and priority = :priority"
    "   union all select turn from (select turn from job"
    "    where state = 1 and priority = :priority and run_after <= :now"
    "    order by turn, id limit 1) as next) as turns)";

/// When the worker's heart last beat.
std::optional<UtcTime> last_beat(db::Session& session, std::string_view worker) {
  const auto row =
      session.query_one("select heartbeat_at from worker where name = :name", {worker});
  return row ? std::optional(row->time(0)) : std::nullopt;
}

/// And looks after the dead: with each beat of anybody.
void beat(db::Session& session, std::string_view worker, Seconds lease) {
  const UtcTime now = session.now();
  const auto last = last_beat(session, worker);
  if (last && *last + lease < now) {
    session.execute(
        "update job set lease_expires_at = :expires, twin_expires_at = :expires where state = 2",
        {now + lease});
  }
  session.execute(
      "insert into worker (name, heartbeat_at) values (:name, :now)"
      " on conflict (name) do update set heartbeat_at = excluded.heartbeat_at",
      {worker, now});
  reclaim_expired(session, lease, now);
}

}  // namespace

JobId enqueue(db::Session& session, const NewJob& job) {
  // Locked first: one that completes at the same time either is gone already, or waits until its
  // dependents are visible to it.
  const auto unfinished = lock_jobs(session, job.after);
  const JobId id{session.insert(
      std::string("insert into job (kind, video_id, payload, priority, state, run_after,"
                  " max_attempts, max_failures, created_at, owner, turn) values (:kind, :video,"
                  " :payload, :priority, :state, :run_after, :attempts, :failures, :now, :owner,"
                  " ") +
          k_new_turn + ") returning id",
      {job.kind, job.video, job.payload, job.priority, unfinished.empty() ? k_waiting : k_blocked,
       job.run_after, job.max_attempts, job.max_failures, session.now(),
       job.owner.value_or(AccountId{0})})};
  for (const std::int64_t needs : unfinished) {
    session.execute("insert into job_dependency (job_id, needs) values (:job, :needs)",
                    {id, needs});
  }
  if (any_ended_badly(session, job.after)) {
    end_badly(session, id, k_cancelled, "it needs a job that did not complete");
  } else if (unfinished.empty()) {
    session.notify(k_waiting_channel);
  }
  return id;
}

bool hasten(db::Session& session, const NewJob& job) {
  const bool found = session.execute(
                         "update job set run_after = :now where state = 1 and "
                         "priority = :priority and kind = :kind and payload = :payload",
                         {session.now(), job.priority, job.kind, job.payload}) > 0;
  if (found) session.notify(k_waiting_channel);
  return found;
}

std::optional<LeasedJob> lease_next(db::Session& session, std::string_view worker,
                                    const std::vector<std::string>& kinds, Seconds lease) {
  if (kinds.empty()) return std::nullopt;
  const UtcTime now = session.now();
  // Not with each of many short jobs: a row that all of them write is soon all that is written.
  const auto last = last_beat(session, worker);
  if (!last || *last + (lease / k_beats_of_a_lease) <= now) beat(session, worker, lease);
  // Workers on PostgreSQL pass over each other's rows; SQLite has one writer.
  const char* skip = session.engine() == db::Engine::postgresql ? " for update skip locked" : "";
  std::vector<db::Value> arguments{worker, now + lease, now};
  arguments.insert(arguments.end(), kinds.begin(), kinds.end());
  db::pad_list(arguments, kinds.size());
  const auto row = session.query_one(
      std::string(k_lease) +
          " where id = (select id from job where state = 1 and run_after <= :now and kind in " +
          db::in_list(kinds.size(), "kind") + " order by priority, turn, id limit 1" + skip +
          ") returning" + k_leased_columns,
      arguments);
  return row ? std::optional(to_leased(*row)) : std::nullopt;
}

void introduce(db::Session& session, std::string_view worker,
               const std::vector<std::string>& kinds) {
  session.execute(
      "insert into worker (name, heartbeat_at, kinds) values (:name, :now, :kinds)"
      " on conflict (name) do update set heartbeat_at = excluded.heartbeat_at,"
      " kinds = excluded.kinds",
      {worker, session.now(), fmt::format("{}", fmt::join(kinds, " "))});
}

std::vector<LeaseKey> heartbeat(db::Session& session, std::string_view worker, Seconds lease) {
  beat(session, worker, lease);
  std::vector<LeaseKey> held;
  for (const auto& row :
       session.query("select id, fence from job where state = 2 and worker = :worker union all"
                     " select id, fence + 1 from job where state = 2 and twin = :worker",
                     {worker})) {
    held.push_back({row.id<JobId>(0), row.integer(1)});
  }
  return held;
}

void reclaim_all(db::Session& session) {
  // Who has no heart here asks by requests, and may go on asking (remote_lease.h).
  end_leases(session, "exists (select 1 from worker where worker.name = job.{holder})", {},
             Ending::died);
  session.notify(k_waiting_channel);
}

Error died_with_worker(const LeasedJob& job) {
  return {ErrorCode::corrupt,
          fmt::format("all {} attempts failed, the last with its worker", job.attempt - 1)};
}

Result<> check_fence(db::Session& session, const LeasedJob& job) {
  return claim(session, {job.id, job.fence});
}

Result<> complete(db::Session& session, const LeasedJob& job) {
  TRY_VOID(check_fence(session, job));
  // Locked first: of two needs that complete at the same time, the second sees the first one gone.
  const auto blocked = dependents(session, job.id);
  lock_jobs(session, blocked);
  move_to_history(session, job.id, k_completed, std::nullopt);
  if (!blocked.empty()) session.execute("delete from job_dependency where needs = :id", {job.id});
  for (const JobId dependent : blocked) {
    const auto unblocked = session.execute(
        "update job set state = 1 where id = :id and state = 3"
        " and not exists (select 1 from job_dependency where job_id = :id)",
        {dependent});
    if (unblocked > 0) session.notify(k_waiting_channel);
  }
  return {};
}

Result<bool> fail_attempt(db::Session& session, const LeasedJob& job, std::string_view error,
                          bool permanent) {
  TRY(const bool is_left,
      leave_to_other(session, {job.id, job.fence}, Ending::failed, as_column(error)));
  if (is_left) return false;
  const auto row = session.query_one(
      "select failures + 1, max_failures, last_error, attempt from job where id = :id", {job.id});
  const std::int64_t failures = row->integer(0);
  const std::int64_t attempt = row->integer(3);
  const bool failed_enough = !row->is_null(1) && failures >= row->integer(1);
  if (permanent || failed_enough || attempt >= job.max_attempts) {
    std::string log(error);
    if (attempt > job.max_attempts && !row->is_null(2)) log += "\n" + row->text(2);
    end_badly(session, job.id, k_failed, as_column(log));
    return true;
  }
  const Seconds delay =
      std::min(k_longest_delay, Seconds{1 << std::min<std::int64_t>(failures, 20)});
  session.execute(
      "update job set state = 1, worker = null, lease_expires_at = null,"
      " run_after = :run_after, last_error = :error, failures = :failures where id = :id",
      {session.now() + delay, as_column(error), failures, job.id});
  return false;
}

Result<bool> postpone(db::Session& session, const LeasedJob& job, std::string_view error) {
  TRY(const bool is_left,
      leave_to_other(session, {job.id, job.fence}, Ending::released, as_column(error)));
  if (is_left) return false;
  const UtcTime now = session.now();
  const auto row = session.query_one("select started_at from job where id = :id", {job.id});
  const auto tried = std::chrono::duration_cast<Seconds>(now - row->time(0));
  if (tried > k_longest_trial) {
    end_badly(session, job.id, k_failed, as_column(error));
    return true;
  }
  put_back(session, job, now + std::clamp(tried, k_shortest_delay, k_longest_delay),
           as_column(error));
  return false;
}

Result<> release(db::Session& session, const LeasedJob& job) {
  TRY(const bool is_left,
      leave_to_other(session, {job.id, job.fence}, Ending::released, std::nullopt));
  if (is_left) return {};
  put_back(session, job, session.now(), std::nullopt);
  session.notify(k_waiting_channel);
  return {};
}

void abandon(db::Session& session, std::string_view worker, const std::vector<LeaseKey>& jobs) {
  for (const LeaseKey& job : jobs) {
    end_leases(session, "id = :id and {holder} = :worker and {fence} = :fence",
               {job.id, worker, job.fence}, Ending::forgotten);
  }
  session.notify(k_waiting_channel);
}

void cancel_video(db::Session& session, VideoId video, std::string_view reason) {
  // Jobs may follow while we look; those of a deleted video are found by their handlers.
  for (const auto& row : session.query(
           "update job set priority = priority where video_id = :video returning id", {video})) {
    end_badly(session, row.id<JobId>(0), k_cancelled, std::string(reason));
  }
  session.notify(k_cancelled_channel);
}

Result<> cancel(db::Session& session, JobId job, std::string_view reason) {
  if (lock_jobs(session, {job}).empty()) {
    return fail(ErrorCode::not_found, "there is no such unfinished job");
  }
  end_badly(session, job, k_cancelled, std::string(reason));
  session.notify(k_cancelled_channel);
  return {};
}

}  // namespace shoal::jobs
