#include "processing/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "media/fmp4/stitch.h"
#include "media/m3u8/playlist.h"

namespace shoal::processing {

namespace {

using media::BoundaryList;
using media::fmp4::rescale;

/// Sound may be that much longer or shorter than the picture without anything being done about it.
constexpr Microseconds k_end_slack{500'000};
/// A copied sound may begin that far from the picture.
constexpr Microseconds k_start_slack{100'000};
/// And sound before the picture, where another program counts from the first of both.
constexpr Microseconds k_sound_lead{50'000};
/// A copied picture may take so many times the ceiling of what we would encode in its place: on
/// average, and in its worst segment.
constexpr std::uint64_t k_copied_average = 2;
constexpr std::uint64_t k_copied_peak = 4;
/// A shorter segment is judged as if it were that long: one keyframe makes no peak.
constexpr Microseconds k_shortest_peak{2'000'000};
/// Whatever the rate: what one request may have to fetch.
constexpr std::uint64_t k_copied_segment_limit = std::uint64_t{64} << 20;
/// ISO/IEC 14496-3: 6144 bits a channel; and what containers put before a frame.
constexpr std::uint64_t k_aac_frame_limit = 768;
constexpr std::uint64_t k_aac_header_limit = 16;
constexpr std::uint32_t k_aac_priming = 1024;
constexpr std::uint32_t k_encoder_delay_frames = 2;
/// HLS segments in the first work segments, so that watching starts early, and in all later ones.
constexpr std::array<std::size_t, 4> k_first_work{1, 1, 1, 2};
constexpr std::size_t k_later_work = 4;
/// So many more a later one may have, where the next then begins nearer to a keyframe, or where
/// nothing is left then.
constexpr std::size_t k_more_work = 2;

bool one_of(std::string_view text, std::initializer_list<std::string_view> list) {
  return std::ranges::find(list, text) != list.end();
}

/// Whether browsers play the picture as it is, and its size is worth serving.
bool can_copy_picture(const SourceVideo& video, const media::LadderRung& top) {
  const bool plays = video.codec == "h264" && video.pixel_format == "yuv420p" &&
                     one_of(video.profile, {"Constrained Baseline", "Baseline", "Main", "High"});
  const bool as_shown = video.rotation == 0 && std::abs(video.sample_aspect - 1) < 0.001 &&
                        !video.interlaced && video.width % 2 == 0 && video.height % 2 == 0;
  const bool same_size = top.width == video.width && top.height == video.height;
  const bool modest = video.bitrate.value <= k_copied_average * top.max_bitrate.value;
  return plays && as_shown && same_size && modest && !video.doubled && video.fps == top.fps;
}

/// The rate of the worst segment of a picture that is cut at its keyframes; nothing when a segment
/// is too large to be served.
std::optional<BitsPerSecond> copied_peak(const SourceVideo& video, const BoundaryList& boundaries) {
  std::uint64_t peak = 0;
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < boundaries.size(); ++i) {
    std::uint64_t end = video.bytes;
    if (i + 1 < boundaries.size()) {
      end = std::ranges::lower_bound(video.keyframes, boundaries.end_of(i), {}, &Keyframe::time)
                ->bytes_before;
    }
    if (end - begin > k_copied_segment_limit) return std::nullopt;
    const auto time = std::max(boundaries.end_of(i) - boundaries.start_of(i), k_shortest_peak);
    peak = std::max(peak, (end - begin) * 8'000'000 / static_cast<std::uint64_t>(time.count()));
    begin = end;
  }
  return BitsPerSecond{peak};
}

bool can_copy_sound(const SourceAudio& audio, Microseconds origin, Microseconds end) {
  return audio.codec == "aac" && audio.profile == "LC" && audio.channels <= 2 &&
         (audio.sample_rate == 44100 || audio.sample_rate == 48000) &&
         audio.bitrate.value <= 320'000 && audio.continuous &&
         audio.largest_packet <= k_aac_frame_limit * audio.channels + k_aac_header_limit &&
         std::chrono::abs(audio.first - origin) <= k_start_slack && audio.end >= end - k_end_slack;
}

AudioPlan plan_audio(const SourceMedia& source, const PlanConfig& config, Microseconds duration) {
  AudioPlan plan;
  if (!source.audio) return plan;
  const SourceAudio& audio = *source.audio;
  plan.stream_index = audio.stream_index;
  plan.channels = std::min(audio.channels, 2U);
  plan.bitrate = config.audio_bitrate;
  plan.sample_rate = audio.sample_rate == 44100 ? 44100 : 48000;
  plan.first_sample = -static_cast<std::int64_t>(k_aac_priming);
  plan.mode = StreamMode::encode;
  if (config.allow_copy && can_copy_sound(audio, source.origin(), source.origin() + duration)) {
    plan.mode = StreamMode::copy;
    plan.channels = audio.channels;
    plan.bitrate = audio.bitrate;
    plan.first_sample =
        rescale((audio.first - source.origin()).count(), plan.sample_rate, 1'000'000);
  }
  return plan;
}

/// A clock on which a frame lasts a whole number of ticks.
void choose_clock(RenditionPlan& rendition) {
  const std::uint64_t ticks = std::uint64_t{90000} * rendition.fps.denominator;
  if (ticks % rendition.fps.numerator == 0 && ticks / rendition.fps.numerator < (1U << 30)) {
    rendition.timescale = 90000;
    rendition.ticks_per_frame = static_cast<std::uint32_t>(ticks / rendition.fps.numerator);
  } else {
    std::uint32_t factor = 1;
    while (rendition.fps.numerator * factor < 10'000) ++factor;
    rendition.timescale = rendition.fps.numerator * factor;
    rendition.ticks_per_frame = rendition.fps.denominator * factor;
  }
  rendition.delay_ticks = k_encoder_delay_frames * rendition.ticks_per_frame;
}

std::vector<RenditionPlan> plan_renditions(const std::vector<media::LadderRung>& rungs,
                                           Random& random) {
  std::vector<RenditionPlan> renditions;
  for (const media::LadderRung& rung : rungs) {
    RenditionPlan rendition;
    rendition.resolution = rung.resolution;
    rendition.width = rung.width;
    rendition.height = rung.height;
    rendition.fps = rung.fps;
    rendition.max_bitrate = rung.max_bitrate;
    rendition.file_id = Uuid::generate(random);
    choose_clock(rendition);
    renditions.push_back(rendition);
  }
  return renditions;
}

void make_copied(RenditionPlan& rendition, const SourceVideo& video, BitsPerSecond peak) {
  rendition.video = StreamMode::copy;
  rendition.timescale = 90000;
  rendition.ticks_per_frame = 0;
  // Rounded up, and a tick for each of the two times that are rounded.
  rendition.delay_ticks =
      static_cast<std::uint32_t>(rescale(video.reorder_delay.count(), 90000, 1'000'000)) + 2;
  rendition.max_bitrate = std::max(rendition.max_bitrate, peak);
}

/// Decoding starts at the last closed keyframe before `start`; the beginning when none is known.
Microseconds keyframe_before(const SourceVideo& video, Microseconds start) {
  const auto after = std::ranges::upper_bound(video.keyframes, start, {}, &Keyframe::time);
  return after == video.keyframes.begin() ? Microseconds{0} : (after - 1)->time;
}

/// Where a work segment should end that has `last - 1` at least, and may have some more: where the
/// least must be decoded that the next does not show.
std::size_t best_end(const BoundaryList& boundaries, const SourceVideo& video, std::size_t last) {
  const auto way = [&](std::size_t begin) {
    const Microseconds start = boundaries.start_of(begin);
    return start - keyframe_before(video, start);
  };
  if (boundaries.size() - last <= k_more_work) return boundaries.size();
  std::size_t best = last;
  for (std::size_t end = last; end <= last + k_more_work && end < boundaries.size(); ++end)
    if (way(end) < way(best)) best = end;
  return best;
}

/// Small ones first; later ones at least as long as the way from their keyframe, so that decoding
/// what is not shown at most doubles the work.
std::vector<WorkSegment> group(const BoundaryList& boundaries, const SourceVideo* video) {
  std::vector<WorkSegment> work;
  for (std::size_t first = 0; first < boundaries.size();) {
    const std::size_t wanted =
        work.size() < k_first_work.size() ? k_first_work[work.size()] : k_later_work;
    std::size_t last = std::min(first + wanted, boundaries.size());
    const Microseconds start = boundaries.start_of(first);
    const Microseconds seek = video ? keyframe_before(*video, start) : start;
    while (last < boundaries.size() && boundaries.start_of(last) - start < start - seek) ++last;
    if (video && work.size() >= k_first_work.size() && last < boundaries.size())
      last = best_end(boundaries, *video, last);
    work.push_back({first, last, seek + (video ? video->first : Microseconds{0})});
    first = last;
  }
  return work;
}

/// Cuts at the source's own keyframes and takes its picture as the top rendition, where that is
/// worth it.
void try_copy(const SourceVideo& video, Microseconds duration, Plan& plan) {
  std::vector<Microseconds> times;
  times.reserve(video.keyframes.size());
  for (const Keyframe& keyframe : video.keyframes) times.push_back(keyframe.time);
  auto boundaries = media::keyframe_boundaries(times, duration);
  if (!boundaries) return;
  const auto peak = copied_peak(video, *boundaries);
  RenditionPlan& top = plan.renditions.front();
  if (!peak || peak->value > k_copied_peak * top.max_bitrate.value) return;
  plan.boundaries = std::move(*boundaries);
  make_copied(top, video, *peak);
}

/// Whether an encoder that is told a size and a frame rate, and nothing of this plan, makes the
/// same picture at the same times: it counts from the first frame of whatever comes first.
bool is_plain(const SourceMedia& source) {
  const SourceVideo& video = *source.video;
  const bool picture_first = !source.audio || source.audio->first + k_sound_lead >= video.first;
  return picture_first && !video.interlaced && !video.hdr && !video.doubled &&
         std::abs(video.sample_aspect - 1) < 0.001;
}

bool has_index(std::string_view container) {
  return container.starts_with("mov,") || container.starts_with("matroska");
}

Microseconds planned_duration(const SourceMedia& source) {
  if (!source.video || !source.audio) return source.duration();
  const Microseconds picture = source.video->end - source.video->first;
  return source.duration() - picture > k_end_slack ? source.duration() : picture;
}

}  // namespace

std::chrono::seconds Plan::target_duration() const {
  return std::max(std::chrono::seconds(1), media::m3u8::rounded(boundaries.longest()));
}

Result<Plan> make_plan(const SourceMedia& source, const PlanConfig& config, Random& random) {
  const Microseconds duration = planned_duration(source);
  if (duration <= Microseconds{0}) {
    return fail(ErrorCode::invalid, "The file has no frames that can be shown or heard.");
  }
  if (duration > config.longest) {
    return fail(ErrorCode::too_large,
                fmt::format("The file is longer than {} hours.", config.longest.count()));
  }
  Plan plan;
  plan.running_id = Uuid::generate(random);
  plan.master_id = Uuid::generate(random);
  plan.digests_id = Uuid::generate(random);
  plan.origin = source.origin();
  plan.preset = config.preset;
  plan.crf = config.crf;
  plan.threads = config.threads;
  plan.exact_seek = has_index(source.container);
  plan.audio = plan_audio(source, config, duration);
  if (!source.video) {
    plan.renditions.push_back({.fps = {},
                               .video = StreamMode::none,
                               .max_bitrate = {},
                               .file_id = Uuid::generate(random)});
    plan.boundaries = media::grid_boundaries(duration, {1000, 1});
    plan.work_segments = group(plan.boundaries, nullptr);
    return plan;
  }
  const SourceVideo& video = *source.video;
  plan.video_stream = video.stream_index;
  plan.fps = video.fps;
  plan.interlaced = video.interlaced;
  plan.hdr = video.hdr;
  plan.freeze_last_frame = video.end - video.first < duration;
  const auto rungs = media::build_ladder({video.display_width(), video.display_height(), video.fps},
                                         config.ladder);
  plan.renditions = plan_renditions(rungs, random);
  // A stream without an index may change its headers midway, which one track cannot express.
  if (config.allow_copy && plan.exact_seek && !plan.freeze_last_frame &&
      can_copy_picture(video, rungs.front())) {
    try_copy(video, duration, plan);
  }
  if (!plan.copies_top()) {
    plan.boundaries = media::grid_boundaries(duration, plan.renditions.back().fps);
  }
  plan.offers_whole =
      config.offer_whole && plan.encodes() && !plan.freeze_last_frame && is_plain(source);
  plan.fps = rungs.front().fps;
  plan.work_segments = group(plan.boundaries, &video);
  return plan;
}

}  // namespace shoal::processing
