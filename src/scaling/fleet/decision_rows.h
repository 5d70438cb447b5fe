#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "db/session.h"
#include "scaling/rhythm.h"

namespace shoal::scaling {

/// A decision as an administrator reads it. Value.
struct DecisionRecord {
  UtcTime since{};       ///< when it was decided first; set by keep_decision()
  UtcTime decided_at{};  ///< and last
  std::string driver{};
  bool is_dry_run = false;
  std::uint32_t workers = 0;  ///< that take work, or are about to
  std::uint32_t busy = 0;     ///< of these
  std::uint32_t wanted = 0;
  std::uint32_t started = 0;
  std::uint32_t drained = 0;
  std::int64_t queued_jobs = 0;
  double queued_media_seconds = 0;
  double queued_seconds = 0;  ///< what one worker takes for it, estimated
  double oldest_wait_seconds = 0;
  double media_speed = 0;  ///< seconds of media that a busy worker makes in one; 0: not known
  double cost_per_hour = 0;
  std::vector<std::string> reasons{};
  std::optional<std::string> error{};  ///< why it was not decided, or not done
};

inline constexpr std::int64_t k_most_decisions = 200;

// All run inside the caller's transaction.

/// Makes it the newest: a row of its own where it differs from the one before in more than figures
/// and words. The oldest beyond k_most_decisions go. True when it is a new row.
bool keep_decision(db::Session& session, const DecisionRecord& decision);
/// The newest first.
std::vector<DecisionRecord> list_decisions(db::Session& session, std::int64_t count);

/// Adds a sample of the load (seconds of media a second) where the last one is over, and forgets
/// what Rhythm does not look at any more.
void keep_load(db::Session& session, UtcTime now, double load);
std::vector<LoadSample> list_load(db::Session& session);

}  // namespace shoal::scaling
