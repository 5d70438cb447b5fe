#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "db/session.h"

namespace shoal::catalog {

struct Chapter {
  Seconds timecode{0};
  std::string title;
  friend bool operator==(const Chapter&, const Chapter&) = default;
};

/// In the order of time.
std::vector<Chapter> find_chapters(db::Session& session, VideoId video);
/// Timecodes are distinct; the caller checked that.
void replace_chapters(db::Session& session, VideoId video, const std::vector<Chapter>& chapters);

/// Chapters that an author wrote into a description: lines that begin with a time ("1:02 Intro").
/// Nothing unless there are at least two, the first at 0, and times ascend.
std::vector<Chapter> chapters_in_description(std::string_view description);

}  // namespace shoal::catalog
