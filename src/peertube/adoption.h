#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "media/m3u8/playlist.h"
#include "media/segments_sha256.h"
#include "peertube/file_scan.h"
#include "peertube/old_video.h"
#include "processing/packaging.h"
#include "processing/plan.h"

/// From a file that PeerTube made, and its playlist, to a rendition of ours: the bytes stay as they
/// are. Pure.
namespace shoal::peertube {

/// What of a file is to be hashed, and where its initialization segment is.
struct FileLayout {
  std::vector<media::m3u8::ByteRange> ranges;
  std::size_t head = 0;  ///< the initialization segment is among so many first bytes
};
/// Errors: unsupported (not one file with byte ranges), corrupt (ranges that overlap or lie beyond
/// the file).
Result<FileLayout> layout_of(const media::m3u8::MediaPlaylist& playlist, const OldFile& file);

struct AdoptedRendition {
  processing::RenditionPlan plan;
  processing::FinishedRendition finished;
  bool has_video = false;
};
/// `name` is the file's name here. Errors: corrupt (not an initialization segment, or other bytes
/// than the old hash list says), unsupported (codecs).
Result<AdoptedRendition> adopt_rendition(const OldFile& file, const std::string& name,
                                         const media::m3u8::MediaPlaylist& playlist,
                                         const ScannedFile& scanned,
                                         const std::vector<media::FileDigests>& old_digests);

/// Master and hash list of all of them, with the names that they get.
struct AdoptedPlaylists {
  std::string master_name;
  std::string master;
  std::string digests_name;
  std::string digests;
};
/// Errors: unsupported (picture and sound in files of their own).
Result<AdoptedPlaylists> adopt_playlists(const OldVideo& video,
                                         const std::vector<AdoptedRendition>& renditions);

/// How long the longest one plays.
Milliseconds duration_of(const std::vector<AdoptedRendition>& renditions);

}  // namespace shoal::peertube
