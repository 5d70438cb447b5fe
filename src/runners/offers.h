#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/session.h"
#include "runners/tokens.h"

/// The jobs of the queue as runners see them: the same rows that workers of this cluster lease.
/// Functions over the caller's transaction.
namespace shoal::runners {

/// Our own type: decode one work segment once, encode every rendition. Only who asks for it by name
/// is shown it; a stock runner would not know what to do.
inline constexpr std::string_view k_segment_type = "shoal-segment-transcoding";
/// PeerTube's: a rendition whole, for who asks for nothing of ours.
inline constexpr std::string_view k_hls_type = "vod-hls-transcoding";

enum class JobType : std::uint8_t { segment, hls };
std::string_view to_string(JobType type);

/// PeerTube's numbers.
enum class JobState : std::uint8_t {
  pending = 1,
  processing = 2,
  completed = 3,
  errored = 4,
  waiting_for_parent = 5,
  cancelled = 6,
};
std::string_view to_string(JobState state);

/// A job that runners can do, in whatever state.
struct RunnerJob {
  JobId id;
  VideoId video;
  Uuid video_uuid;  ///< none once the video is gone: all zeros
  JobType type = JobType::segment;
  std::size_t index = 0;  ///< the work segment, or the rendition's resolution
  JobState state = JobState::pending;
  int priority = 0;
  int failures = 0;
  std::optional<std::string> error;
  std::optional<std::string> worker;
  UtcTime created_at{};
  std::optional<UtcTime> started_at;
  std::optional<UtcTime> finished_at;
};

/// What of a type a runner may take now, the most urgent first; of segments, where none waits, what
/// others are slow with (jobs/twins.h). It is not shown for a minute what it has just failed at, so
/// that others get to it; and not renditions of which something is listed.
std::vector<RunnerJob> find_waiting(db::Session& session, RunnerId runner, JobType type,
                                    std::size_t limit);
/// Nothing when there is none, or it is of a kind that no runner does.
std::optional<RunnerJob> find_job(db::Session& session, JobId job);
/// Whether anything of a type waits, for whomever.
bool is_any_waiting(db::Session& session, JobType type);
/// Whether it waits for anybody, and this runner has not just failed at it.
bool may_take(db::Session& session, RunnerId runner, JobId job);
void note_failure(db::Session& session, JobId job, RunnerId runner);

/// Deletes what is known of one that has ended.
void forget_job(db::Session& session, JobId job);

struct JobPage {
  std::int64_t total = 0;
  std::vector<RunnerJob> jobs;
};
/// Unfinished and finished ones.
JobPage list_jobs(db::Session& session, std::int64_t start, std::int64_t count, bool newest_first);

}  // namespace shoal::runners
