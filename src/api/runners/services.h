#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/session.h"
#include "io/file_system.h"
#include "io/offload.h"
#include "jobs/progress.h"
#include "processing/pipeline/pipeline.h"
#include "storage/stores.h"

namespace shoal::api {

/// How long a worker may take to begin to put a result. It may ask again.
inline constexpr Seconds k_result_url_life{600};

/// What doing jobs on machines elsewhere needs beside the database; app fills it in. References
/// outlive the API. Any thread.
struct RunnerServices {
  processing::Pipeline* pipeline = nullptr;
  const storage::Stores* stores = nullptr;
  io::FileSystem* files = nullptr;
  /// For what arrives: writes that may take a while.
  io::Offload* bulk = nullptr;
  jobs::Progress* progress = nullptr;
  /// An URL that gives an object to whoever knows it, for a while; nothing where its store has no
  /// such.
  std::function<std::optional<std::string>(std::string_view store, std::string_view key)>
      source_url;
  /// An URL that takes an object of just `size` bytes, for k_result_url_life; nothing likewise.
  std::function<std::optional<std::string>(std::string_view store, std::string_view key,
                                           std::uint64_t size)>
      result_url;
  /// Ends a job by hand, and what its video still waited for. Errors: not_found.
  std::function<Result<>(db::Session& session, JobId job)> cancel_job;
  /// How long a job stays with a runner that says nothing.
  Seconds lease{30};
  /// And with a stock runner, which says something every minute.
  Seconds hls_lease{120};
  /// Whether such runners are offered anything, and so woken.
  bool wakes_stock = false;
};

}  // namespace shoal::api
