#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/session.h"

namespace shoal::processing {

/// Tries a video whose processing failed again, in the caller's transaction: what is made stays,
/// and playable; what is missing is queued. Errors: not_found when the video or its uploaded file
/// is gone, conflict when work on it is under way or nothing is missing.
Result<> retry(db::Session& session, VideoId video, UtcTime now);

/// Ends a job by hand; its video keeps what was made of it, and can be retried. Errors: not_found.
Result<> cancel(db::Session& session, JobId job, UtcTime now);

}  // namespace shoal::processing
