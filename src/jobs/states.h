#pragma once

namespace shoal::jobs {

/// job.state; the partial indexes name them as literals.
inline constexpr int k_waiting = 1;
inline constexpr int k_running = 2;
inline constexpr int k_blocked = 3;

/// job_history.outcome
inline constexpr int k_completed = 1;
inline constexpr int k_failed = 2;
inline constexpr int k_cancelled = 3;

}  // namespace shoal::jobs
