#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "media/bytes.h"
#include "media/fmp4/init_segment.h"

namespace shoal::media::fmp4 {

/// One coded frame: where its bytes are in the file it was read from, and its times in ticks of
/// its track. Presentation time = decode_time + composition_offset.
struct Sample {
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
  std::int64_t decode_time = 0;
  std::int32_t composition_offset = 0;
  std::uint32_t duration = 0;
  bool sync = false;

  std::int64_t presentation_time() const { return decode_time + composition_offset; }
};

struct TrackRun {
  std::uint32_t track_id = 0;
  std::vector<Sample> samples;
};

struct Fragment {
  std::uint32_t sequence = 0;
  std::vector<TrackRun> runs;
};

/// Reads a `moof` box (header included) that starts at `moof_offset` of its file; `tracks` give the
/// defaults. Runs of tracks that are not in `tracks` are left out. At most 2^17 samples.
/// Errors: corrupt.
Result<Fragment> parse_fragment(ByteView moof, std::uint64_t moof_offset,
                                const std::vector<Track>& tracks);

/// A `moof` followed by the header of its `mdat`. The caller appends the sample bytes of each run
/// in order. `offset` of the samples is not used; decode times of a run must follow each other by
/// their durations (only the first is written, as `tfdt`). `sequence` is mfhd's, from 1.
/// Errors: too_large from 2 GiB on, where the offsets of a run end.
Result<Bytes> write_fragment_head(const Fragment& fragment);

/// ISO/IEC 14496-12 section 8.16.3, all references being to media.
struct SegmentIndex {
  struct Reference {
    std::uint32_t size = 0;
    std::uint32_t duration = 0;
    bool starts_with_sync = true;
  };
  std::uint32_t track_id = 1;
  std::uint32_t timescale = 0;
  std::uint64_t earliest_presentation_time = 0;
  std::vector<Reference> references;
};

/// At most 65535 references.
Bytes write_segment_index(const SegmentIndex& index);
/// Reads a `sidx` box (header included).
Result<SegmentIndex> parse_segment_index(ByteView box);

}  // namespace shoal::media::fmp4
