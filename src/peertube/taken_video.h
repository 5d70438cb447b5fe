#pragma once

#include <optional>
#include <string>
#include <vector>

#include "db/session.h"
#include "peertube/adoption.h"
#include "peertube/depot.h"
#include "peertube/old_video.h"
#include "peertube/people.h"

namespace shoal::peertube {

/// A video whose files are all durable, with all that is recorded of it. Value.
struct TakenVideo {
  OldVideo video;

  struct Rendition {
    AdoptedRendition adopted;
    Placed file;
    Placed playlist;
  };
  std::vector<Rendition> renditions;
  std::optional<Placed> master;
  std::optional<Placed> digests;
  /// In place of them: a whole file that is to be processed here.
  std::optional<Placed> original;

  std::optional<Placed> thumbnail;
  std::optional<Placed> preview;
  struct Caption {
    OldCaption old;
    Placed file;
  };
  std::vector<Caption> captions;
  struct Storyboard {
    OldStoryboard old;
    Placed file;
  };
  std::optional<Storyboard> storyboard;
  std::vector<catalog::Chapter> chapters;
};

/// Everything of the video, in the caller's transaction: before it nothing of the video shows.
/// False when a video of that UUID is there already; then nothing is written. Errors: conflict
/// (names).
Result<bool> record_video(db::Session& session, const NewPeople& people, const TakenVideo& taken,
                          UtcTime now);

}  // namespace shoal::peertube
