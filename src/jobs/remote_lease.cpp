#include "jobs/remote_lease.h"

#include <fmt/format.h>

#include "jobs/holders.h"
#include "jobs/leased_row.h"

namespace shoal::jobs {

std::optional<LeasedJob> lease_job(db::Session& session, std::string_view worker, JobId job,
                                   Seconds lease) {
  const UtcTime now = session.now();
  const auto row = session.query_one(
      std::string(k_lease) + " where id = :id and state = 1 and run_after <= :now returning" +
          k_leased_columns,
      {worker, now + lease, now, job});
  return row ? std::optional(to_leased(*row)) : std::nullopt;
}

std::optional<LeasedJob> find_lease(db::Session& session, LeaseKey key) {
  auto row = session.query_one(std::string("select") + k_leased_columns +
                                   " from job where id = :id and state = 2 and fence = :fence",
                               {key.id, key.fence});
  if (!row) {
    row = session.query_one(std::string("select") + k_twin_columns +
                                " from job where id = :id and state = 2 and twin is not null"
                                " and fence + 1 = :fence",
                            {key.id, key.fence});
  }
  return row ? std::optional(to_leased(*row)) : std::nullopt;
}

Result<> extend(db::Session& session, const LeasedJob& job, Seconds lease) {
  const UtcTime expires = session.now() + lease;
  const bool held = session.execute(
                        "update job set lease_expires_at = :expires where id = :id and state = 2"
                        " and fence = :fence",
                        {expires, job.id, job.fence}) > 0 ||
                    session.execute(
                        "update job set twin_expires_at = :expires where id = :id and state = 2"
                        " and twin is not null and fence + 1 = :fence",
                        {expires, job.id, job.fence}) > 0;
  if (!held)
    return fail(ErrorCode::conflict, fmt::format("the lease on job {} was lost", job.id.value));
  return {};
}

void release_all(db::Session& session, std::string_view worker) {
  if (end_leases(session, "{holder} = :worker", {worker}, Ending::released) > 0)
    session.notify(k_waiting_channel);
}

}  // namespace shoal::jobs
