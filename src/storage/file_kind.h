#pragma once

#include <optional>
#include <string_view>

namespace shoal::storage {

/// What a media_file is for; the numbers are stored.
enum class FileKind : int {
  original = 1,         ///< as uploaded
  rendition = 2,        ///< a finished single file
  playlist = 3,         ///< a finished media or master playlist
  segments_sha256 = 4,  ///< PeerTube's hash list
  thumbnail = 5,
  preview = 6,
  storyboard = 7,
  caption = 8,
  running_work = 9,    ///< a work segment of one rendition
  running_init = 10,   ///< the initialization segment of its rendition
  running_audio = 11,  ///< a piece of the sound, for the work segments; never served
};

/// The kind of a finished file by its word ("rendition", "segments-sha256"); nothing for others.
std::optional<FileKind> parse_kind(std::string_view word);
/// The word of a kind; "running" for all of work that is not finished.
std::string_view to_string(FileKind kind);

}  // namespace shoal::storage
