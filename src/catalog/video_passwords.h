#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/session.h"

namespace shoal::catalog {

using VideoPasswordId = Id<struct VideoPasswordTag>;

/// One of the passwords that open a video. Its owner may read it again.
struct VideoPassword {
  VideoPasswordId id;
  VideoId video;
  std::string password;
  UtcTime created_at{};
  UtcTime updated_at{};
};

/// `passwords` are distinct and checked by the caller. Ends the media tokens given so far, as
/// remove_password does.
void replace_passwords(db::Session& session, VideoId video,
                       const std::vector<std::string>& passwords, UtcTime now);
std::vector<VideoPassword> list_passwords(db::Session& session, VideoId video, std::int64_t start,
                                          std::int64_t count);
std::int64_t count_passwords(db::Session& session, VideoId video);
/// Errors: not_found; conflict: it is the last one of the video.
Result<> remove_password(db::Session& session, VideoId video, VideoPasswordId id);
/// Compares with all passwords of the video, in constant time each.
bool is_video_password(db::Session& session, VideoId video, std::string_view password);

}  // namespace shoal::catalog
