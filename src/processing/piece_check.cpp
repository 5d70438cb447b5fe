// What is asked of a video piece that another machine encoded, before anything is made of it.
#include <fmt/format.h>

#include <algorithm>

#include "media/boundaries.h"
#include "media/codecs.h"
#include "media/m3u8/playlist.h"
#include "processing/audio_reader.h"
#include "processing/packaging.h"
#include "processing/placing.h"

namespace shoal::processing {
namespace {

namespace fmp4 = media::fmp4;
namespace m3u8 = media::m3u8;

constexpr std::size_t k_nal_length = 4;
constexpr unsigned k_idr_slice = 5;
/// A source may end a little before it was said to: so many frames of a work segment, and of one
/// second at the most, may be missing.
constexpr std::int64_t k_missing_share = 10;
constexpr Microseconds k_missing{1'000'000};
/// Who counts frames by the source's own length may end a little later than the plan.
constexpr std::int64_t k_more_of_whole = 2;
/// Headers of fragments, and what a rate control overshoots.
constexpr std::uint64_t k_slack_bytes = std::uint64_t{1} << 20;
constexpr Seconds k_buffered{2};

/// Whether a frame is whole NAL units behind their lengths (ISO/IEC 14496-15 section 5.3.3), with a
/// slice of an IDR picture (H.264 table 7-1) where it says to be a keyframe.
Result<> check_frame(media::ByteView frame, bool sync) {
  bool has_idr = false;
  while (!frame.empty()) {
    if (frame.size() <= k_nal_length) return fail(ErrorCode::corrupt, "a frame is cut off");
    std::size_t length = 0;
    for (const std::byte byte : frame.first(k_nal_length))
      length = length << 8 | std::to_integer<std::size_t>(byte);
    frame = frame.subspan(k_nal_length);
    if (length == 0 || length > frame.size())
      return fail(ErrorCode::corrupt, "a frame is not made of NAL units");
    has_idr = has_idr || (std::to_integer<unsigned>(frame.front()) & 0x1fU) == k_idr_slice;
    frame = frame.subspan(length);
  }
  if (sync && !has_idr) return fail(ErrorCode::corrupt, "a keyframe is none");
  return {};
}

Result<> check_frames(const OpenTrack& video, std::uint64_t size) {
  media::Bytes bytes;
  for (const fmp4::Sample& sample : video.content.samples) {
    if (sample.size == 0 || sample.offset > size || sample.size > size - sample.offset)
      return fail(ErrorCode::corrupt, "a frame lies outside of its file");
    bytes.resize(sample.size);
    TRY(const std::size_t got, video.file->read_at(sample.offset, bytes));
    if (got != bytes.size()) return fail(ErrorCode::corrupt, "a frame is cut off");
    TRY_VOID(check_frame(bytes, sample.sync));
  }
  return {};
}

Result<> check_codec(const fmp4::Track& track) {
  if (track.kind != fmp4::TrackKind::video)
    return fail(ErrorCode::corrupt, "a piece holds no picture");
  TRY(const std::string codec, media::codec_string(track.sample_entry));
  if (!codec.starts_with("avc1."))
    return fail(ErrorCode::corrupt, fmt::format("a piece is {} and not H.264", codec));
  TRY(const media::ByteView avcc, media::decoder_configuration(track.sample_entry));
  // lengthSizeMinusOne: ISO/IEC 14496-15 section 5.3.3.1.
  const bool four = avcc.size() > k_nal_length &&
                    (std::to_integer<unsigned>(avcc[k_nal_length]) & 3U) == k_nal_length - 1;
  if (!four) return fail(ErrorCode::corrupt, "a piece has NAL units of another form");
  return {};
}

/// `more` of them may be too many.
Result<> check_length(const Plan& plan, const RenditionPlan& rendition, const WorkSegment& work,
                      std::size_t frames, std::int64_t more = 0) {
  const std::int64_t wanted =
      media::frames_at(rendition.fps, plan.boundaries.end_of(work.last - 1)) -
      media::frames_at(rendition.fps, plan.boundaries.start_of(work.first));
  const std::int64_t spare =
      std::min(wanted / k_missing_share, media::frames_at(rendition.fps, k_missing));
  const auto has = static_cast<std::int64_t>(frames);
  if (has > 0 && has <= wanted + more && has + spare >= wanted) return {};
  return fail(ErrorCode::corrupt, fmt::format("a piece of {}p has {} frames instead of {}",
                                              rendition.resolution, has, wanted));
}

std::unexpected<Error> wrong_playlist(std::string_view why) {
  return fail(ErrorCode::corrupt, fmt::format("the playlist is wrong: {}", why));
}

/// Of one file of that size, all of it, in order.
Result<> check_playlist(io::FileSystem& files, const Path& path, std::uint64_t size) {
  TRY(const std::string text, io::read_whole(files, path, m3u8::ParseLimits{}.bytes));
  TRY(const m3u8::MediaPlaylist playlist, m3u8::parse_media_playlist(text));
  if (!playlist.ended || playlist.segments.empty()) return wrong_playlist("it has no end");
  if (!playlist.map || !playlist.map->range) return wrong_playlist("it is not of one file");
  const std::string& name = playlist.map->uri;
  std::uint64_t end = 0;
  const auto follows = [&](const std::string& uri, const m3u8::ByteRange& range) {
    const bool fits =
        uri == name && range.offset == end && range.length > 0 && range.length <= size - end;
    end += range.length;
    return fits;
  };
  bool whole = follows(name, *playlist.map->range);
  for (const m3u8::MediaSegment& segment : playlist.segments)
    whole = whole && segment.range && follows(segment.uri, *segment.range);
  if (!whole || end != size) return wrong_playlist("its segments are not what its file has");
  return {};
}

/// The shown times of keyframes, of frames that place_video() has placed.
std::vector<Microseconds> keyframe_times(const RenditionPlan& rendition,
                                         std::span<const fmp4::Sample> samples, Microseconds end) {
  std::vector<Microseconds> times;
  times.reserve(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    // What follows a keyframe is shown after it, so its place in either order is the same.
    const auto time = media::time_of_frame(rendition.fps, static_cast<std::int64_t>(i));
    if (samples[i].sync && time < end) times.push_back(time);
  }
  return times;
}

/// With frames in each segment, the first of them a keyframe.
Result<> check_segments(const Plan& plan, const RenditionPlan& rendition, const WorkSegment& work,
                        std::span<const fmp4::Sample> placed) {
  for (std::size_t segment = work.first; segment < work.last; ++segment) {
    TRY(const auto samples, segment_video(plan, rendition, segment, placed));
    if (samples.empty())
      return fail(ErrorCode::corrupt,
                  fmt::format("segment {} of {}p has no frames", segment, rendition.resolution));
  }
  return {};
}

std::uint64_t largest_run(const RenditionPlan& rendition, Microseconds time) {
  const Seconds length = std::chrono::ceil<Seconds>(time) + k_buffered;
  return 2 * (rendition.max_bitrate.value / 8 * static_cast<std::uint64_t>(length.count())) +
         k_slack_bytes;
}

}  // namespace

Result<> check_work(io::FileSystem& files, const Plan& plan, const RenditionPlan& rendition,
                    std::size_t work_segment, const Path& folder) {
  const WorkSegment& work = plan.work_segments.at(work_segment);
  const Path path = video_piece_path(folder, rendition, work_segment);
  TRY(OpenTrack video, open_track(files, path));
  TRY_VOID(check_codec(video.content.track));
  TRY_VOID(check_length(plan, rendition, work, video.content.samples.size()));
  TRY(const std::uint64_t size, video.file->size());
  TRY_VOID(check_frames(video, size));
  TRY_VOID(place_video(plan, rendition, work, video.content));
  return check_segments(plan, rendition, work, video.content.samples);
}

Path whole_playlist_path(const Path& folder) {
  return folder / "whole.m3u8";
}

Result<Plan> plan_whole(io::FileSystem& files, const Plan& plan, const RenditionPlan& rendition,
                        const Path& folder) {
  TRY(OpenTrack video, open_track(files, video_piece_path(folder, rendition, 0)));
  const WorkSegment all{0, plan.boundaries.size(), plan.work_segments.front().seek};
  auto& samples = video.content.samples;
  TRY_VOID(check_codec(video.content.track));
  TRY_VOID(check_length(plan, rendition, all, samples.size(), k_more_of_whole));
  TRY(const std::uint64_t size, video.file->size());
  TRY_VOID(check_playlist(files, whole_playlist_path(folder), size));
  TRY_VOID(check_frames(video, size));
  TRY_VOID(place_video(plan, rendition, all, video.content));
  auto boundaries = media::keyframe_boundaries(
      keyframe_times(rendition, samples, plan.boundaries.end), plan.boundaries.end);
  if (!boundaries)
    return fail(ErrorCode::corrupt,
                fmt::format("keyframes of {}p are too far apart", rendition.resolution));
  Plan whole = plan;
  whole.renditions = {rendition};
  whole.boundaries = *std::move(boundaries);
  whole.work_segments = {{0, whole.boundaries.size(), all.seek}};
  TRY_VOID(check_segments(whole, rendition, whole.work_segments.front(), samples));
  return whole;
}

std::uint64_t largest_whole(const Plan& plan, const RenditionPlan& rendition) {
  return largest_run(rendition, plan.boundaries.end);
}

std::uint64_t largest_piece(const Plan& plan, const RenditionPlan& rendition,
                            std::size_t work_segment) {
  const WorkSegment& work = plan.work_segments.at(work_segment);
  return largest_run(rendition,
                     plan.boundaries.end_of(work.last - 1) - plan.boundaries.start_of(work.first));
}

}  // namespace shoal::processing
