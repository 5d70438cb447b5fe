#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "db/session.h"
#include "storage/file_kind.h"

namespace shoal::storage {

enum class CopyState : int { copying = 1, verified = 2, deleting = 3, bad = 4 };
std::string_view to_string(CopyState state);

struct FileCopy {
  std::string store;
  std::string object_key;
  CopyState state = CopyState::verified;
  std::optional<UtcTime> verified_at;
};

/// A file of a video and where it is.
struct CopiedFile {
  FileKind kind = FileKind::rendition;
  std::string name;
  std::string content_type;
  std::uint64_t size = 0;
  std::optional<std::int64_t> height;  ///< of the rendition that it is a part of; 0: sound only
  std::vector<FileCopy> copies;
};

/// Pieces of work that is still running, or that is kept for who is still watching it.
struct RunningPieces {
  std::string store;
  std::int64_t files = 0;
  std::uint64_t bytes = 0;
};

struct VideoCopies {
  std::vector<CopiedFile> files;
  std::vector<RunningPieces> running;
};

/// Where all files of a video are: the finished ones by kind and size, at most
/// k_most_listed_copies, and the sums of the pieces.
VideoCopies find_video_copies(db::Session& session, VideoId video);
inline constexpr std::size_t k_most_listed_copies = 2'000;

}  // namespace shoal::storage
