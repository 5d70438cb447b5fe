#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "db/session.h"
#include "scaling/load.h"

namespace shoal::scaling {

/// A worker elsewhere, as the registry of runners and the queue know it.
struct SeenWorker {
  std::string name{};
  UtcTime registered_at{};
  UtcTime last_contact{};
  std::int64_t running_jobs = 0;
  Seconds work_left{0};  ///< until its last job is done, if that takes as long as usual
};

/// The work of workers: what waits, what came, how long it takes, and who does it.
struct Backlog {
  std::int64_t jobs = 0;  ///< that wait and are due
  double media_seconds = 0;
  Seconds oldest_wait{0};
  // Their work is in seconds of media.
  Arrivals latest;
  Arrivals before;
  Arrivals lately;
  /// What a job takes for a second of media, on average over the last ones of workers, or of all
  /// where there are too few; 0: none is done yet.
  double seconds_per_media_second = 0;
  /// Seconds of media that the nodes make in a second, with what they have now at the pace of
  /// theirs; 0 where it is not known.
  double node_media_speed = 0;
  std::vector<SeenWorker> workers;  ///< who was heard within k_heard_for, by name
};

inline constexpr Seconds k_heard_for{60};
inline constexpr Seconds k_latest{30};
inline constexpr Seconds k_lately{900};

/// Reads it for jobs of `kind`, each of which is one of a video's equal shares. Few passes over the
/// queue and its history.
Backlog read_backlog(db::Session& session, std::string_view kind);

}  // namespace shoal::scaling
