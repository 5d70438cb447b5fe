#include "processing/placing.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "media/fmp4/stitch.h"

namespace shoal::processing {

namespace fmp4 = media::fmp4;

namespace {

std::int64_t ticks(Microseconds time, std::uint32_t timescale) {
  return fmp4::rescale(time.count(), timescale, 1'000'000);
}

}  // namespace

Result<> place_video(const Plan& plan, const RenditionPlan& rendition, const WorkSegment& work,
                     TrackFile& video) {
  const Microseconds start = plan.boundaries.start_of(work.first);
  const Microseconds end = plan.boundaries.end_of(work.last - 1);
  const bool last = work.last == plan.boundaries.size();
  if (rendition.video == StreamMode::copy) {
    return fmp4::put_on_timeline(video.samples, video.track.timescale, rendition.timescale,
                                 {ticks(start, rendition.timescale),
                                  ticks(end, rendition.timescale), rendition.delay_ticks});
  }
  const std::int64_t first_frame = media::frames_at(rendition.fps, start);
  const std::int64_t frames = media::frames_at(rendition.fps, end) - first_frame;
  return fmp4::put_on_grid(
      video.samples, video.track.timescale, {rendition.timescale, rendition.ticks_per_frame},
      {first_frame, last ? 0 : frames, rendition.delay_ticks / rendition.ticks_per_frame});
}

Result<std::span<const fmp4::Sample>> segment_video(const Plan& plan,
                                                    const RenditionPlan& rendition,
                                                    std::size_t segment,
                                                    std::span<const fmp4::Sample> samples) {
  const auto begin_of = [&](std::size_t i) -> std::int64_t {
    if (i >= plan.boundaries.size()) return std::numeric_limits<std::int64_t>::max();
    if (rendition.video == StreamMode::copy) {
      return ticks(plan.boundaries.start_of(i), rendition.timescale);
    }
    return media::frames_at(rendition.fps, plan.boundaries.start_of(i)) * rendition.ticks_per_frame;
  };
  // The clock of a copied source is rounded twice: two ticks to either side are the same frame.
  const std::int64_t slack = rendition.video == StreamMode::copy ? 2 : 0;
  const auto at = [&](std::int64_t time) {
    return std::ranges::lower_bound(samples, time - slack, {}, &fmp4::Sample::decode_time);
  };
  const auto first = at(begin_of(segment));
  const auto last =
      segment + 1 < plan.boundaries.size() ? at(begin_of(segment + 1)) : samples.end();
  if (first < last && !first->sync) {
    return fail(ErrorCode::corrupt, fmt::format("segment {} of {}p does not start with a keyframe",
                                                segment, rendition.resolution));
  }
  return first < last ? std::span<const fmp4::Sample>(first, last)
                      : std::span<const fmp4::Sample>{};
}

}  // namespace shoal::processing
