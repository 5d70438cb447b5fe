#include "processing/packaging.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/check.h"
#include "media/codecs.h"
#include "processing/audio_reader.h"
#include "processing/placing.h"

namespace shoal::processing {

namespace {

namespace fmp4 = media::fmp4;

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
