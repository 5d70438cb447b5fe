#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/session.h"
#include "jobs/queue.h"

/// Leases of workers elsewhere, which ask by requests. Such a worker has no heart in the database:
/// each of its leases lasts until it was not extended for too long, also over a restart of the
/// server. Everything else is as with the others: the same rows, fences, ends. Inside the caller's
/// transaction, by the database's clock.
namespace shoal::jobs {

/// This very job, if it waits and is due. `attempt` above `max_attempts` means as with lease_next:
/// fail it instead.
std::optional<LeasedJob> lease_job(db::Session& session, std::string_view worker, JobId job,
                                   Seconds lease);

/// The job while that lease on it is held.
std::optional<LeasedJob> find_lease(db::Session& session, LeaseKey key);

/// The lease lasts for `lease` from now on. conflict when it was lost.
Result<> extend(db::Session& session, const LeasedJob& job, Seconds lease);

/// Gives back all that a worker holds, because it is gone for good: these attempts do not count.
void release_all(db::Session& session, std::string_view worker);

}  // namespace shoal::jobs
