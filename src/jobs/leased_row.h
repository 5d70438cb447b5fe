#pragma once

#include "db/session.h"
#include "jobs/queue.h"

namespace shoal::jobs {

/// What every statement that leases gives back, in this order.
inline constexpr const char* k_leased_columns =
    " id, kind, video_id, payload, attempt, max_attempts, fence, lease_expires_at";

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
