#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "media/fmp4/fragment.h"
#include "processing/media_file.h"
#include "processing/plan.h"

/// Where the frames of a video piece belong. Pure.
namespace shoal::processing {

/// Places the video of a work segment on the rendition's timeline. Errors: corrupt.
Result<> place_video(const Plan& plan, const RenditionPlan& rendition, const WorkSegment& work,
                     TrackFile& video);

/// The samples of one HLS segment, of those that place_video() has placed; none where there are
/// none. Errors: corrupt where the first is no sync sample.
Result<std::span<const media::fmp4::Sample>> segment_video(
    const Plan& plan, const RenditionPlan& rendition, std::size_t segment,
    std::span<const media::fmp4::Sample> samples);

}  // namespace shoal::processing
