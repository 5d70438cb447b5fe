#include "media/fmp4/stitch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace shoal::media::fmp4 {

std::int64_t rescale(std::int64_t value, std::uint64_t to, std::uint64_t from) {
  const auto wide = static_cast<__int128>(value) * static_cast<__int128>(to);
  const auto half = static_cast<__int128>(from / 2);
  const auto divisor = static_cast<__int128>(from);
  return static_cast<std::int64_t>((wide >= 0 ? wide + half : wide - half) / divisor);
}

Result<> put_on_grid(std::vector<Sample>& samples, std::uint32_t source_timescale,
                     const FrameGrid& grid, const Stretch& stretch) {
  if (samples.empty()) return {};
  const auto count = static_cast<std::int64_t>(samples.size());
  if (!samples.front().sync) {
    return fail(ErrorCode::corrupt, "an encoded stretch does not start with a keyframe");
  }
  if (stretch.frame_count > 0 && count > stretch.frame_count) {
    return fail(ErrorCode::corrupt, fmt::format("an encoded stretch has {} frames instead of {}",
                                                count, stretch.frame_count));
  }
  const std::int64_t earliest =
      std::ranges::min(samples, {}, &Sample::presentation_time).presentation_time();
  std::vector<bool> shown(samples.size(), false);
  std::vector<std::int64_t> shown_as(samples.size());
  for (std::size_t n = 0; n < samples.size(); ++n) {
    const std::int64_t ticks =
        rescale(samples[n].presentation_time() - earliest, grid.timescale, source_timescale);
    const std::int64_t frame = rescale(ticks, 1, grid.ticks_per_frame);
    if (frame >= count || shown[static_cast<std::size_t>(frame)]) {
      return fail(ErrorCode::corrupt,
                  fmt::format("frame {} of an encoded stretch of {} is missing or doubled",
                              std::min(frame, count), count));
    }
    shown[static_cast<std::size_t>(frame)] = true;
    shown_as[n] = frame;
  }
  const std::int64_t ticks = grid.ticks_per_frame;
  for (std::int64_t n = 0; n < count; ++n) {
    Sample& sample = samples[static_cast<std::size_t>(n)];
    const std::int64_t offset = shown_as[static_cast<std::size_t>(n)] + stretch.delay_frames - n;
    if (offset < 0) return fail(ErrorCode::corrupt, "a frame comes later than it is shown");
    sample.decode_time = (stretch.first_frame + n) * ticks;
    sample.composition_offset = static_cast<std::int32_t>(offset * ticks);
    sample.duration = grid.ticks_per_frame;
  }
  if (stretch.frame_count > count) {
    samples.back().duration = static_cast<std::uint32_t>((stretch.frame_count - count + 1) * ticks);
  }
  return {};
}

Result<> put_on_timeline(std::vector<Sample>& samples, std::uint32_t source_timescale,
                         std::uint32_t timescale, const TimelineSpan& span) {
  if (samples.empty()) return {};
  if (!samples.front().sync) {
    return fail(ErrorCode::corrupt, "a copied stretch does not start with a keyframe");
  }
  const std::int64_t earliest =
      std::ranges::min(samples, {}, &Sample::presentation_time).presentation_time();
  std::vector<std::int64_t> shown;
  shown.reserve(samples.size());
  for (const Sample& sample : samples) {
    shown.push_back(span.start +
                    rescale(sample.presentation_time() - earliest, timescale, source_timescale));
  }
  std::vector<std::int64_t> order = shown;
  std::ranges::sort(order);
  if (std::ranges::adjacent_find(order) != order.end() || order.back() >= span.end) {
    return fail(ErrorCode::corrupt, "the frames of a copied stretch do not fit its time");
  }
  for (std::size_t n = 0; n < samples.size(); ++n) {
    const std::int64_t offset = shown[n] + span.delay - order[n];
    const std::int64_t next = n + 1 < order.size() ? order[n + 1] : span.end;
    if (offset < 0 || offset > INT32_MAX || next - order[n] > UINT32_MAX) {
      return fail(ErrorCode::corrupt, "a copied frame comes later than it is shown");
    }
    samples[n].decode_time = order[n];
    samples[n].composition_offset = static_cast<std::int32_t>(offset);
    samples[n].duration = static_cast<std::uint32_t>(next - order[n]);
  }
  return {};
}

std::span<const Sample> cut_at_sync(std::span<const Sample> samples, std::int64_t from,
                                    std::int64_t to) {
  const auto sync_at_or_after = [&](std::int64_t time) {
    return std::ranges::find_if(
        samples, [&](const Sample& s) { return s.sync && s.presentation_time() >= time; });
  };
  const auto first = sync_at_or_after(from);
  const auto last = sync_at_or_after(to);
  return first < last ? std::span(first, last) : std::span<const Sample>{};
}

std::span<const Sample> cut_by_start(std::span<const Sample> samples, std::int64_t from,
                                     std::int64_t to) {
  const auto first = std::ranges::lower_bound(samples, from, {}, &Sample::presentation_time);
  const auto last = std::ranges::lower_bound(samples, to, {}, &Sample::presentation_time);
  return first < last ? std::span(first, last) : std::span<const Sample>{};
}

}  // namespace shoal::media::fmp4
