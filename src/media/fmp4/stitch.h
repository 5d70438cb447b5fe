#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "media/fmp4/fragment.h"

namespace shoal::media::fmp4 {

/// A constant frame rate on a track's clock: frame n is shown at n * ticks_per_frame (before the
/// composition delay).
struct FrameGrid {
  std::uint32_t timescale = 0;
  std::uint32_t ticks_per_frame = 0;
};

/// Where a separately encoded run of frames belongs.
struct Stretch {
  std::int64_t first_frame = 0;
  /// Frames up to the next stretch; 0 where there is none.
  std::int64_t frame_count = 0;
  /// The composition delay of the whole track, in frames.
  std::int64_t delay_frames = 0;
};

/// Puts the frames of one separately encoded stretch on the global timeline: `samples` in decode
/// order, times in `source_timescale`, the first shown being frame `first_frame` of the rendition.
/// Decode times become the frame grid itself and the composition delay becomes `delay_frames` for
/// every stretch, whatever the encoder's muxer wrote, so that stretches concatenate: with the edit
/// list at delay_frames * ticks_per_frame, frame n is shown at exactly n * ticks_per_frame. Where
/// frames are missing at the end of a stretch that has a next one, its last is prolonged. Errors:
/// corrupt when frames are missing in between, are shown twice, are more than frame_count or need
/// more delay, or when the first is no sync sample.
Result<> put_on_grid(std::vector<Sample>& samples, std::uint32_t source_timescale,
                     const FrameGrid& grid, const Stretch& stretch);

/// Where a run of copied frames belongs, in ticks.
struct TimelineSpan {
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::int64_t delay = 0;
};

/// The same for frames that keep their own distances: the first shown is put at `start`, the last
/// lasts until `end`, and every frame is shown `delay` after its place in the order of showing.
/// Errors: corrupt when two frames have one time, one lies beyond `end` or needs more delay, or the
/// first is no sync sample.
Result<> put_on_timeline(std::vector<Sample>& samples, std::uint32_t source_timescale,
                         std::uint32_t timescale, const TimelineSpan& span);

/// The samples from the first sync sample shown at or after `from` to the next sync sample shown at
/// or after `to` (ticks; presentation time), for streams that are copied. A boundary that is not
/// exactly at a sync sample takes the next one, so neighbouring calls share no sample and lose
/// none.
std::span<const Sample> cut_at_sync(std::span<const Sample> samples, std::int64_t from,
                                    std::int64_t to);

/// The samples that start in [from, to) (ticks, presentation time); audio, where every sample
/// stands alone and they are in order.
std::span<const Sample> cut_by_start(std::span<const Sample> samples, std::int64_t from,
                                     std::int64_t to);

/// value * to / from, rounded to the nearest; ticks of one clock in another.
std::int64_t rescale(std::int64_t value, std::uint64_t to, std::uint64_t from);

}  // namespace shoal::media::fmp4
