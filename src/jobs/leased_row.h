#pragma once

#include "db/session.h"
#include "jobs/queue.h"

namespace shoal::jobs {

/// How a lease begins: `:worker`, `:expires`, `:now`. The fence is raised by two, since the next is
/// its twin's (twins.h).
inline constexpr const char* k_lease =
    "update job set state = 2, worker = :worker, fence = fence + 2, attempt = attempt + 1,"
    " lease_expires_at = :expires, leased_at = :now, twin_leased_at = null,"
    " started_at = coalesce(started_at, :now)";

/// What every statement that leases gives back, in this order.
inline constexpr const char* k_leased_columns =
    " id, kind, video_id, payload, attempt, max_attempts, fence, lease_expires_at";
/// And of a twin.
inline constexpr const char* k_twin_columns =
    " id, kind, video_id, payload, attempt, max_attempts, fence + 1, twin_expires_at";

inline LeasedJob to_leased(const db::Row& row) {
  LeasedJob job;
  job.id = row.id<JobId>(0);
  job.kind = row.text(1);
  if (!row.is_null(2)) job.video = row.id<VideoId>(2);
  job.payload = row.text(3);
  job.attempt = static_cast<int>(row.integer(4));
  job.max_attempts = static_cast<int>(row.integer(5));
  job.fence = row.integer(6);
  job.lease_expires_at = row.time(7);
  return job;
}

}  // namespace shoal::jobs
