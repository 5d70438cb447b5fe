// What is asked of a video piece that another machine encoded, before anything is made of it.
#include <fmt/format.h>

#include <algorithm>

#include "media/codecs.h"
#include "processing/audio_reader.h"
#include "processing/packaging.h"
#include "processing/placing.h"

namespace shoal::processing {
namespace {

namespace fmp4 = media::fmp4;

constexpr std::size_t k_nal_length = 4;
constexpr unsigned k_idr_slice = 5;
/// A source may end a little before it was said to: so many frames of a work segment, and of one
/// second at the most, may be missing.
constexpr std::int64_t k_missing_share = 10;
constexpr Microseconds k_missing{1'000'000};
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

Result<> check_length(const Plan& plan, const RenditionPlan& rendition, const WorkSegment& work,
                      std::size_t frames) {
  const std::int64_t wanted =
      media::frames_at(rendition.fps, plan.boundaries.end_of(work.last - 1)) -
      media::frames_at(rendition.fps, plan.boundaries.start_of(work.first));
  const std::int64_t spare =
      std::min(wanted / k_missing_share, media::frames_at(rendition.fps, k_missing));
  const auto has = static_cast<std::int64_t>(frames);
  if (has > 0 && has <= wanted && has + spare >= wanted) return {};
  return fail(ErrorCode::corrupt, fmt::format("a piece of {}p has {} frames instead of {}",
                                              rendition.resolution, has, wanted));
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
  for (std::size_t segment = work.first; segment < work.last; ++segment) {
    TRY(const auto samples, segment_video(plan, rendition, segment, video.content.samples));
    if (samples.empty())
      return fail(ErrorCode::corrupt,
                  fmt::format("segment {} of {}p has no frames", segment, rendition.resolution));
  }
  return {};
}

std::uint64_t largest_piece(const Plan& plan, const RenditionPlan& rendition,
                            std::size_t work_segment) {
  const WorkSegment& work = plan.work_segments.at(work_segment);
  const auto length = std::chrono::ceil<Seconds>(plan.boundaries.end_of(work.last - 1) -
                                                 plan.boundaries.start_of(work.first));
  const auto seconds = static_cast<std::uint64_t>((length + k_buffered).count());
  return 2 * (rendition.max_bitrate.value / 8 * seconds) + k_slack_bytes;
}

}  // namespace shoal::processing
