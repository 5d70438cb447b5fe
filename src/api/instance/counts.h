#pragma once

#include <cstdint>

#include "base/clock.h"
#include "db/session.h"

namespace shoal::api {

/// What an instance holds, counted exactly.
struct Counts {
  std::int64_t users = 0;
  std::int64_t administrators = 0;
  std::int64_t moderators = 0;
  std::int64_t active_day = 0;
  std::int64_t active_week = 0;
  std::int64_t active_month = 0;
  std::int64_t active_half_year = 0;
  std::int64_t channels = 0;
  std::int64_t channels_day = 0;
  std::int64_t channels_week = 0;
  std::int64_t channels_month = 0;
  std::int64_t videos = 0;  ///< public and published
  std::int64_t all_videos = 0;
  std::int64_t views = 0;
  std::int64_t file_bytes = 0;
};

/// Walks whole tables: keep the answer.
Counts count_all(db::Session& session, UtcTime now);

}  // namespace shoal::api
