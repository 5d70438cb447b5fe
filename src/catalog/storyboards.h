#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "db/session.h"

namespace shoal::catalog {

/// One picture of many small frames, for the preview above the seek bar. Sizes in pixels.
struct Storyboard {
  FileId file;
  std::string file_name;  ///< not read by put_storyboard
  std::int64_t total_width = 0;
  std::int64_t total_height = 0;
  std::int64_t sprite_width = 0;
  std::int64_t sprite_height = 0;
  Seconds sprite_duration{1};
};

std::optional<Storyboard> find_storyboard(db::Session& session, VideoId video);
/// Returns the file that it replaced, whose object and row are the caller's to remove.
std::optional<FileId> put_storyboard(db::Session& session, VideoId video,
                                     const Storyboard& storyboard);

}  // namespace shoal::catalog
