#pragma once

#include <optional>
#include <vector>

#include "base/ids.h"
#include "db/session.h"

namespace shoal::catalog {

/// A video's pictures: the small one of lists and the large one before it plays.
enum class ThumbnailKind { miniature = 1, preview = 2 };

struct Thumbnail {
  ThumbnailKind kind = ThumbnailKind::miniature;
  FileId file;
  bool automatic = true;
};

std::vector<Thumbnail> find_thumbnails(db::Session& session, VideoId video);

/// Puts a picture. An `automatic` one (a frame) never replaces the owner's own: then it is `file`
/// itself that is returned. What is returned is the caller's to remove, object and row.
std::optional<FileId> put_thumbnail(db::Session& session, VideoId video, const Thumbnail& picture);

}  // namespace shoal::catalog
