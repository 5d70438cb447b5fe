#include "jobs/remote_lease.h"

#include <fmt/format.h>

#include "jobs/leased_row.h"

namespace shoal::jobs {

std::optional<LeasedJob> lease_job(db::Session& session, std::string_view worker, JobId job,
                                   Seconds lease) {
  const UtcTime now = session.now();
  const auto row = session.query_one(
      std::string("update job set state = 2, worker = :worker, fence = fence + 1,"
                  " attempt = attempt + 1, lease_expires_at = :expires,"
                  " started_at = coalesce(started_at, :now)"
                  " where id = :id and state = 1 and run_after <= :now returning") +
          k_leased_columns,
      {worker, now + lease, now, job});
  return row ? std::optional(to_leased(*row)) : std::nullopt;
}

std::optional<LeasedJob> find_lease(db::Session& session, LeaseKey key) {
  const auto row =
      session.query_one(std::string("select") + k_leased_columns +
                            " from job where id = :id and state = 2 and fence = :fence",
                        {key.id, key.fence});
  return row ? std::optional(to_leased(*row)) : std::nullopt;
}

Result<> extend(db::Session& session, const LeasedJob& job, Seconds lease) {
  const auto held = session.execute(
      "update job set lease_expires_at = :expires where id = :id and state = 2 and fence = :fence",
      {session.now() + lease, job.id, job.fence});
  if (held == 0)
    return fail(ErrorCode::conflict, fmt::format("the lease on job {} was lost", job.id.value));
  return {};
}

void release_all(db::Session& session, std::string_view worker) {
  const auto released = session.execute(
      "update job set state = 1, worker = null, lease_expires_at = null, attempt = attempt - 1"
      " where state = 2 and worker = :worker",
      {worker});
  if (released > 0) session.notify(k_waiting_channel);
}

}  // namespace shoal::jobs
