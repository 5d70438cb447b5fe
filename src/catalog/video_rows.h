#pragma once

#include <string_view>

#include "catalog/video.h"
#include "db/session.h"

namespace shoal::catalog {

// The columns of a VideoSummary, shared by the query for one video and those for lists. The tables
// are named v (video), ch, cha (channel and its actor), ac, aca (account and its actor); pictures
// are t1 and t2. Private to the room.

inline constexpr std::size_t k_summary_columns = 34;

/// `description` is the SQL of the description column.
std::string summary_columns(std::string_view description);

inline constexpr std::string_view k_summary_joins =
    " join channel ch on ch.id = v.channel_id"
    " join actor cha on cha.id = ch.actor_id"
    " join account ac on ac.id = ch.account_id"
    " join actor aca on aca.id = ac.actor_id"
    " left join thumbnail p1 on p1.video_id = v.id and p1.kind = 1"
    " left join media_file t1 on t1.id = p1.file_id"
    " left join thumbnail p2 on p2.video_id = v.id and p2.kind = 2"
    " left join media_file t2 on t2.id = p2.file_id";

VideoSummary read_summary(const db::Row& row);

}  // namespace shoal::catalog
