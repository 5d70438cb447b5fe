#include "processing/packaging.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "base/check.h"
#include "media/codecs.h"
#include "media/fmp4/stitch.h"
#include "processing/audio_reader.h"

namespace shoal::processing {

namespace {

namespace fmp4 = media::fmp4;

std::int64_t ticks(Microseconds time, std::uint32_t timescale) {
  return fmp4::rescale(time.count(), timescale, 1'000'000);
}

/// Places the video of a work segment on the rendition's timeline.
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

/// The samples of one HLS segment, which must begin with a sync sample.
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

Result<> append_to(io::File& out, std::uint64_t& at, media::ByteView bytes) {
  TRY_VOID(out.write_at(at, bytes));
  at += bytes.size();
  return {};
}

Result<std::unique_ptr<io::File>> create_empty(io::FileSystem& files, const Path& path) {
  TRY(auto file, files.open(path, io::OpenMode::create));
  TRY_VOID(file->truncate(0));
  return file;
}

/// The tracks of a rendition, as its initialization segment says them.
Result<fmp4::InitSegment> make_init(const RenditionPlan& rendition, const OpenTrack* video,
                                    AudioReader* audio) {
  fmp4::InitSegment init;
  if (video) {
    fmp4::Track track = video->content.track;
    TRY(track.sample_entry, media::stable_sample_entry(track.sample_entry));
    track.id = k_video_track;
    track.kind = fmp4::TrackKind::video;
    track.timescale = rendition.timescale;
    track.width = rendition.width;
    track.height = rendition.height;
    track.edit_media_time = rendition.delay_ticks;
    track.start_delay = 0;
    track.default_duration = track.default_size = track.default_flags = 0;
    init.tracks.push_back(std::move(track));
  }
  if (audio) {
    TRY(fmp4::Track track, audio->track());
    TRY(track.sample_entry, media::stable_sample_entry(track.sample_entry));
    init.tracks.push_back(std::move(track));
  }
  return init;
}

/// Writes the fragments of one work segment, one for each HLS segment. Holds the sound of one and
/// a block of its picture, however large its frames are.
class WorkWriter {
 public:
  WorkWriter(const Plan& plan, const RenditionPlan& rendition, OpenTrack* video, AudioReader* audio,
             io::File& out)
      : plan_(plan), rendition_(rendition), video_(video), audio_(audio), out_(out) {}

  Result<PackagedSegment> write(std::size_t segment) {
    const auto& boundaries = plan_.boundaries;
    fmp4::Fragment fragment;
    fragment.sequence = static_cast<std::uint32_t>(segment + 1);
    std::span<const fmp4::Sample> samples;
    if (video_) {
      TRY(samples, segment_video(plan_, rendition_, segment, video_->content.samples));
      if (samples.empty()) {
        return fail(ErrorCode::corrupt,
                    fmt::format("The picture could not be decoded from {:.1f} s on.",
                                static_cast<double>(boundaries.start_of(segment).count()) / 1e6));
      }
      fragment.runs.push_back({k_video_track, {samples.begin(), samples.end()}});
    }
    media::Bytes sound;
    if (audio_) {
      const bool last = segment + 1 == boundaries.size();
      TRY(auto run,
          audio_->read(segment == 0 ? std::nullopt : std::optional(boundaries.start_of(segment)),
                       boundaries.end_of(segment), last, sound));
      if (!run.samples.empty()) fragment.runs.push_back(std::move(run));
    }
    if (fragment.runs.empty()) {
      return fail(ErrorCode::corrupt, "The sound ends before it was said to.");
    }
    TRY(const media::Bytes head, fmp4::write_fragment_head(fragment));
    PackagedSegment packaged;
    packaged.duration = boundaries.end_of(segment) - boundaries.start_of(segment);
    packaged.range.offset = at_;
    Sha256 digest;
    const auto put = [&](media::ByteView bytes) {
      digest.update(bytes);
      return append_to(out_, at_, bytes);
    };
    TRY_VOID(put(head));
    if (video_) {
      TRY_VOID(read_samples({video_->file.get(), samples}, put));
    }
    TRY_VOID(put(sound));
    packaged.range.length = at_ - packaged.range.offset;
    packaged.sha256 = digest.finish();
    return packaged;
  }

 private:
  const Plan& plan_;
  const RenditionPlan& rendition_;
  OpenTrack* video_;
  AudioReader* audio_;
  io::File& out_;
  std::uint64_t at_ = 0;
};

}  // namespace

std::string running_prefix(const Plan& plan) {
  return plan.round == 1 ? plan.running_id.text()
                         : fmt::format("{}-r{}", plan.running_id.text(), plan.round);
}

std::string running_init_name(const Plan& plan, const RenditionPlan& rendition) {
  return fmt::format("{}-{}-init.mp4", running_prefix(plan), rendition.resolution);
}

std::string running_work_name(const Plan& plan, const RenditionPlan& rendition,
                              std::size_t work_segment) {
  return fmt::format("{}-{}-w{}.m4s", running_prefix(plan), rendition.resolution, work_segment);
}

Result<PackagedWork> package_work(io::FileSystem& files, const Plan& plan,
                                  const RenditionPlan& rendition, std::size_t work_segment,
                                  const AudioManifest& manifest, const Path& folder) {
  const WorkSegment& work = plan.work_segments.at(work_segment);
  std::optional<OpenTrack> video;
  if (rendition.video != StreamMode::none) {
    TRY(video, open_track(files, video_piece_path(folder, rendition, work_segment)));
    TRY_VOID(place_video(plan, rendition, work, video->content));
  }
  std::optional<AudioReader> audio;
  if (plan.audio.mode != StreamMode::none) {
    if (manifest.frames() == 0 && !manifest.complete) {
      return fail(ErrorCode::busy, "the sound is not encoded yet");
    }
    if (manifest.frames() > 0) audio.emplace(files, plan, manifest, folder);
  }
  PackagedWork packaged;
  packaged.work_segment = work_segment;
  packaged.has_audio = audio.has_value();
  TRY(const fmp4::InitSegment init,
      make_init(rendition, video ? &*video : nullptr, audio ? &*audio : nullptr));
  TRY(packaged.codecs, media::codec_strings(init));
  packaged.init = fmp4::write_init_segment(init);
  if (work_segment == 0) {
    TRY(auto file, create_empty(files, folder / running_init_name(plan, rendition)));
    TRY_VOID(file->write_at(0, packaged.init));
  }
  TRY(auto out, create_empty(files, folder / running_work_name(plan, rendition, work_segment)));
  WorkWriter writer(plan, rendition, video ? &*video : nullptr, audio ? &*audio : nullptr, *out);
  for (std::size_t segment = work.first; segment < work.last; ++segment) {
    TRY(PackagedSegment written, writer.write(segment));
    packaged.segments.push_back(written);
  }
  return packaged;
}

}  // namespace shoal::processing
