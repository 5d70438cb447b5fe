#pragma once

#include <vector>

#include "api/core/context.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/session.h"

namespace shoal::api {

/// How long the objects of what is deleted stay in the trash.
Milliseconds trash_time(const Context& context);

/// The videos of a channel with their files, before the channel itself goes; adds their UUIDs to
/// `deleted`.
Result<> delete_channel_videos(db::Session& session, ChannelId channel, UtcTime due,
                               std::vector<Uuid>& deleted);

/// After the commit: nothing that was kept of them is served any longer.
void forget_deleted(Context& context, const std::vector<Uuid>& videos);

}  // namespace shoal::api
