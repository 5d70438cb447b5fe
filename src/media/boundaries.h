#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "media/frame_rate.h"

namespace shoal::media {

using Microseconds = std::chrono::microseconds;

/// Where the HLS segments of a video begin, the same for all its renditions. Presentation time,
/// from 0; `starts` ascend strictly, the first is 0, `end` is the duration. Value.
struct BoundaryList {
  std::vector<Microseconds> starts;
  Microseconds end{0};

  std::size_t size() const { return starts.size(); }
  Microseconds start_of(std::size_t segment) const { return starts[segment]; }
  Microseconds end_of(std::size_t segment) const {
    return segment + 1 < starts.size() ? starts[segment + 1] : end;
  }
  Microseconds longest() const;
  friend bool operator==(const BoundaryList&, const BoundaryList&) = default;
};

constexpr Microseconds k_segment_target{4'000'000};
/// Between two keyframes of a source that is copied; above, it is encoded instead.
constexpr Microseconds k_longest_copied_gap{6'000'000};

/// The four-second grid, on frame times of `fps` (the lowest frame rate of the ladder): segments of
/// round(4 s * fps) frames, an even number of them, so that a GOP of half a segment is whole too.
/// The first one is cut in two such halves: watching starts when the first of them is there. A last
/// one under a second joins its neighbour.
BoundaryList grid_boundaries(Microseconds duration, FrameRate fps);

/// Segments that begin at keyframes of the source: each as near to four seconds as the keyframes
/// allow without passing them, else up to the next. Nothing when two keyframes are more than
/// `k_longest_copied_gap` apart or the first is not at 0 (within a millisecond).
std::optional<BoundaryList> keyframe_boundaries(std::span<const Microseconds> keyframes,
                                                Microseconds duration);

}  // namespace shoal::media
