#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/session.h"

namespace shoal::processing {

/// Everything of a video, in one transaction: its work is cancelled, its rows go, its objects are
/// due in the trash at `due`. Errors: not_found.
Result<> delete_video_and_files(db::Session& session, VideoId video, UtcTime due);

/// All videos of a channel, before the channel itself goes.
Result<> delete_videos_of_channel(db::Session& session, ChannelId channel, UtcTime due);

}  // namespace shoal::processing
