#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "media/bytes.h"
#include "media/fmp4/box.h"

namespace shoal::media::fmp4 {

enum class TrackKind { video, audio, other };

/// One track of an initialization segment (ISO/IEC 14496-12). Value.
struct Track {
  std::uint32_t id = 1;
  TrackKind kind = TrackKind::other;
  /// Ticks per second of all times of this track.
  std::uint32_t timescale = 0;
  /// Display size in pixels; 0 for sound.
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  /// The one stsd entry as it stands (`avc1`, `mp4a`, ... with its configuration box).
  Bytes sample_entry;
  /// Media time shown at presentation time 0 (the one edit of an edit list); 0 without a list.
  std::int64_t edit_media_time = 0;
  /// Ticks the edit list delays the track by, when it starts later than the movie; in this
  /// track's timescale.
  std::int64_t start_delay = 0;
  /// Defaults of `trex`.
  std::uint32_t default_duration = 0;
  std::uint32_t default_size = 0;
  std::uint32_t default_flags = 0;
};

struct InitSegment {
  std::vector<Track> tracks;
  /// Of the whole presentation, in milliseconds; 0 while it is not known.
  std::uint64_t duration_ms = 0;

  const Track* find(TrackKind kind) const;
};

/// Reads `ftyp moov` (other boxes are passed over). At most 16 tracks with one sample entry each.
/// Errors: corrupt.
Result<InitSegment> parse_init_segment(ByteView bytes);

/// A CMAF header (ISO/IEC 23000-19): ftyp, moov with empty sample tables and mvex. The edit list
/// of each track holds one edit, so that players without edit lists are off by a constant only.
/// The same content gives the same bytes.
Bytes write_init_segment(const InitSegment& init);

}  // namespace shoal::media::fmp4
