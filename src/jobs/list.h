#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "db/session.h"

namespace shoal::jobs {

/// The states of PeerTube's job list. A cancelled job is listed as failed, with its reason.
enum class ListState { all, waiting, active, completed, failed, delayed, waiting_children };

/// PeerTube's word ("waiting-children"), or nothing.
std::optional<ListState> parse_list_state(std::string_view text);
std::string_view to_string(ListState state);

struct JobFilter {
  ListState state = ListState::all;
  std::optional<std::string> kind;
  std::optional<VideoId> video;
  std::int64_t start = 0;
  std::int64_t count = 15;
  bool newest_first = true;
};

struct ListedJob {
  JobId id;
  std::string kind;
  ListState state = ListState::waiting;
  std::optional<VideoId> video;
  std::string payload;
  int priority = 0;
  int attempt = 0;
  std::optional<std::string> error;
  std::optional<std::string> worker;
  /// Why it goes on waiting, where nobody who lives does its kind (runners::explain_waits).
  std::optional<std::string> waits_for{};
  UtcTime created_at{};
  std::optional<UtcTime> started_at;
  std::optional<UtcTime> finished_at;
};

struct JobPage {
  std::int64_t total = 0;
  std::vector<ListedJob> jobs;
};

/// One page of unfinished and finished jobs.
JobPage list_jobs(db::Session& session, const JobFilter& filter);

/// How many jobs are in each state (without `all`), by state and kind; for metrics and overview.
struct JobCount {
  std::string kind;
  ListState state = ListState::waiting;
  std::int64_t count = 0;
};
std::vector<JobCount> count_jobs(db::Session& session);

/// Deletes history older than `max_age` and beyond the newest `max_count`, and the heartbeats of
/// workers that are gone for a day. At most `batch` rows at once, so that no writer waits long;
/// true when there is more.
bool prune_history(db::Session& session, Seconds max_age, std::int64_t max_count,
                   std::int64_t batch = 1000);

}  // namespace shoal::jobs
