#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "db/session.h"
#include "jobs/queue.h"

/// Twins: who has nothing else to do makes the same once more as somebody who has become slow, so
/// that the end of a video does not wait for the slowest machine. A job has then two leases. The
/// first holder that records something, or ends the job, has it alone (check_fence); the other has
/// lost its lease. One that fails, dies or gives back leaves the job to the other. A lease has one
/// twin at the most. Inside the caller's transaction, by the database's clock.
namespace shoal::jobs {

/// A straggler runs for longer than this, and for k_slow times the median of its like.
inline constexpr Seconds k_least_run{10};
inline constexpr int k_slow = 2;
/// For each that still runs so many like it of its video are done: only the last few have twins.
inline constexpr int k_done_for_one = 3;
/// Of the workers so many for one twin in all, but one twin always. Two that ask at the same
/// instant may go beyond it by one.
inline constexpr int k_workers_for_twin = 4;

/// Jobs of these kinds that others than `worker` are slow with, the slowest first. Like it is what
/// is of the same kind and video; none of those may wait, and nothing else of the video run.
std::vector<JobId> find_stragglers(db::Session& session, std::string_view worker,
                                   const std::vector<std::string>& kinds);

/// The twin of a straggler, if there is room for one. As lease_next; for who found nothing there.
std::optional<LeasedJob> lease_twin(db::Session& session, std::string_view worker,
                                    const std::vector<std::string>& kinds, Seconds lease);
/// Of this job, which find_stragglers gave in this transaction. Nothing when somebody was faster.
std::optional<LeasedJob> lease_twin(db::Session& session, std::string_view worker, JobId job,
                                    Seconds lease);

}  // namespace shoal::jobs
