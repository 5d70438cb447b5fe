#pragma once

#include "api/core/context.h"
#include "base/result.h"
#include "db/lease.h"
#include "io/task.h"

namespace shoal::api {

// What must be done for videos now and then, by whoever runs the API; app calls each from a task of
// its own. What takes a fence is done by one node of a cluster. All may be repeated.

/// Every few seconds, on each node: writes the views that were counted there.
io::Task<Result<>> write_views(Context& context);
/// Every few seconds: publishes what was scheduled for now.
io::Task<Result<>> publish_scheduled(Context& context, db::Fence fence);

/// Every few minutes, on each node: stale and long finished uploads.
io::Task<Result<>> collect_uploads(Context& context);
/// Every few minutes: pictures of uploads that never ended, ids of view batches that cannot come
/// again, guesses of long ago.
io::Task<Result<>> collect_video_leftovers(Context& context, db::Fence fence);

}  // namespace shoal::api
