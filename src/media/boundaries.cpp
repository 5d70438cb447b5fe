#include "media/boundaries.h"

#include <algorithm>

#include "base/check.h"

namespace shoal::media {

namespace {

constexpr Microseconds k_shortest_last{1'000'000};
constexpr Microseconds k_tolerance{2'000};

void join_short_tail(BoundaryList& list) {
  if (list.size() > 1 && list.end - list.starts.back() < k_shortest_last) list.starts.pop_back();
}

}  // namespace

Microseconds BoundaryList::longest() const {
  Microseconds longest{0};
  for (std::size_t i = 0; i < size(); ++i) longest = std::max(longest, end_of(i) - start_of(i));
  return longest;
}

BoundaryList grid_boundaries(Microseconds duration, FrameRate fps) {
  SHOAL_CHECK(fps.numerator > 0);
  const std::int64_t half = std::max<std::int64_t>(1, frames_at(fps, k_segment_target / 2));
  BoundaryList list;
  list.end = duration;
  list.starts.push_back(Microseconds{0});
  for (std::int64_t frame = half; time_of_frame(fps, frame) < duration;
       frame += frame < 2 * half ? half : 2 * half) {
    list.starts.push_back(time_of_frame(fps, frame));
  }
  join_short_tail(list);
  return list;
}

std::optional<BoundaryList> keyframe_boundaries(std::span<const Microseconds> keyframes,
                                                Microseconds duration) {
  if (keyframes.empty() || keyframes.front() > k_tolerance) return std::nullopt;
  BoundaryList list;
  list.end = duration;
  list.starts.push_back(Microseconds{0});
  for (std::size_t i = 1; i <= keyframes.size(); ++i) {
    const bool last = i == keyframes.size();
    const Microseconds next = last ? duration : keyframes[i];
    const Microseconds here = keyframes[i - 1];
    if (next - here > k_longest_copied_gap) return std::nullopt;
    // `here` opens a segment when waiting for the next keyframe would pass the target.
    const bool opens =
        here > list.starts.back() && next - list.starts.back() > k_segment_target + k_tolerance;
    if (opens && here < duration) list.starts.push_back(here);
  }
  join_short_tail(list);
  return list;
}

}  // namespace shoal::media
