#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/session.h"

namespace shoal::jobs {

/// What to do, as a row. `payload` is JSON that the handler of `kind` understands.
struct NewJob {
  std::string kind;
  std::optional<VideoId> video;
  std::string payload = "{}";
  /// Whose it is: owners take turns where many jobs of one priority wait. Nobody's are like those
  /// of one more owner.
  std::optional<AccountId> owner{};
  int priority = 100;        ///< smaller first; see Priority
  std::vector<JobId> after;  ///< waits until these are done
  UtcTime run_after{};
  int max_attempts = 5;
  /// Of these, attempts that fail by themselves; the others ended with their worker. Nothing: all.
  std::optional<int> max_failures{};
};

/// First segments of a new upload, then what ends the work on one, before the rest of the others:
/// under steady load each still ends, and its originals and pieces make room.
struct Priority {
  static constexpr int first_segments = 20;
  static constexpr int finish = 40;
  static constexpr int upload = 50;
  static constexpr int background = 100;
};

/// A job that this worker may run until `lease_expires_at`. The fence goes into every write.
struct LeasedJob {
  JobId id;
  std::string kind;
  std::optional<VideoId> video;
  std::string payload;
  int attempt = 1;
  int max_attempts = 1;
  std::int64_t fence = 0;
  UtcTime lease_expires_at{};
};

/// Which lease of a job: a later one of the same job has a higher fence.
struct LeaseKey {
  JobId id;
  std::int64_t fence = 0;
  friend auto operator<=>(const LeaseKey&, const LeaseKey&) = default;
};

/// Notification channels (db/notify.h): a job may be leased; running jobs were cancelled.
inline constexpr const char* k_waiting_channel = "jobs.waiting";
inline constexpr const char* k_cancelled_channel = "jobs.cancelled";

// All of these run inside the caller's transaction, so that a step's result and the jobs that
// follow it are written together. Time is the database's clock (a lease compares one clock only).

/// A job whose `after` contains one that failed or was cancelled ends as cancelled at once. Its
/// turn among those of its priority is that of the job that is next now, or follows its owner's
/// last one that waits: two hundred of one owner wait for each other, and one of another owner for
/// none of them but the next.
JobId enqueue(db::Session& session, const NewJob& job);

/// A job of this kind, payload and priority that waits, or was put off, is due now. It will see
/// what this transaction writes: who leases it waits for that. False when there is none, or it has
/// begun.
bool hasten(db::Session& session, const NewJob& job);

/// The best waiting job among `kinds`, leased; or nothing: of those that are due the smallest
/// priority, of these the smallest turn, of these the oldest. A lease is alive while its worker's
/// heartbeat is younger than `lease`. Asking is a heartbeat where the last one is a sixth of the
/// lease old; with each heartbeat expired leases go back to waiting (their attempt counts). One
/// that comes late (the database or this machine was away) renews everybody's leases once, since
/// all may have been cut off alike. `worker` must be new with every start of a process. `attempt`
/// above `max_attempts` means that its last holder died: end it as died_with_worker() instead of
/// running it.
std::optional<LeasedJob> lease_next(db::Session& session, std::string_view worker,
                                    const std::vector<std::string>& kinds, Seconds lease);

/// What `worker` does, for who looks for kinds that nobody does. Counts as a heartbeat.
void introduce(db::Session& session, std::string_view worker,
               const std::vector<std::string>& kinds);

/// What to fail a job with whose attempts are spent and whose last holder died, so that it kills no
/// more of them.
Error died_with_worker(const LeasedJob& job);

/// Extends all leases of a worker at once (one row). Returns those it still holds: a running job
/// that is not among them was cancelled or taken over and must stop.
std::vector<LeaseKey> heartbeat(db::Session& session, std::string_view worker, Seconds lease);

/// All leases end now but remote ones (remote_lease.h). Only for a worker that knows that no other
/// one is alive.
void reclaim_all(db::Session& session);

/// Checks that `job` is still this holder's, and its alone from now on (twins.h). Call it in the
/// transaction that writes the job's effects: conflict when the lease was lost, and then nothing
/// may be written.
Result<> check_fence(db::Session& session, const LeasedJob& job);

/// Moves it to the history and unblocks what waited for it. conflict when the lease was lost.
Result<> complete(db::Session& session, const LeasedJob& job);

/// Where it has another holder (twins.h), leaves it to that. Else
/// tries again later with backoff (2^failures s, at most 10 min), or, when `permanent` or attempts
/// or failures are used up, moves it to the history as failed and cancels what needs it; one that
/// died with its worker with what is known of the attempts before. Returns true when it ended.
Result<bool> fail_attempt(db::Session& session, const LeasedJob& job, std::string_view error,
                          bool permanent);

/// Tries again later because of something that is no fault of the job: the attempt does not count,
/// and the pauses grow with the time that it has been tried (2 s to 10 min). After a week it ends
/// as failed: returns true then.
Result<bool> postpone(db::Session& session, const LeasedJob& job, std::string_view error);

/// Gives it back unharmed, because its worker stops: the attempt does not count. conflict when the
/// lease was lost.
Result<> release(db::Session& session, const LeasedJob& job);

/// Jobs that the database says `worker` holds and it does not know of (an answer got lost) go back
/// to waiting.
void abandon(db::Session& session, std::string_view worker, const std::vector<LeaseKey>& jobs);

/// Ends all waiting, blocked and running jobs of a video as cancelled, for `reason`.
void cancel_video(db::Session& session, VideoId video, std::string_view reason);
/// One job. Errors: not_found.
Result<> cancel(db::Session& session, JobId job,
                std::string_view reason = "it was cancelled by hand");

}  // namespace shoal::jobs
