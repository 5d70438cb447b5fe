#pragma once

#include <cstddef>

#include "api/core/context.h"
#include "base/result.h"
#include "io/task.h"

namespace shoal::api {

// What must be done for videos now and then, by whoever runs the API; app calls both from a task of
// its own. Safe to run on several nodes at once, and again after a failure.

/// Every few seconds: writes the views that were counted, and publishes what was scheduled for now.
io::Task<Result<>> keep_videos_current(Context& context);

/// Every few minutes: stale and long finished uploads, pictures of uploads that never ended, ids of
/// view batches that cannot come again. Returns how much went.
io::Task<Result<std::size_t>> collect_video_leftovers(Context& context);

}  // namespace shoal::api
