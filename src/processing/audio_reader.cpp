#include "processing/audio_reader.h"

#include <algorithm>
#include <boost/json.hpp>

#include "media/fmp4/stitch.h"

namespace shoal::processing {

namespace fmp4 = media::fmp4;

Result<OpenTrack> open_track(io::FileSystem& files, const Path& path) {
  OpenTrack open;
  TRY(open.file, files.open(path, io::OpenMode::read));
  TRY(open.content, read_track_file(*open.file));
  return open;
}

Result<fmp4::Track> AudioReader::track() {
  TRY_VOID(open(0));
  fmp4::Track track = open_->content.track;
  if (track.timescale != plan_.audio.sample_rate) {
    return fail(ErrorCode::corrupt, "The sound's sample rate is not what its header says.");
  }
  track.id = k_audio_track;
  track.kind = fmp4::TrackKind::audio;
  track.width = track.height = 0;
  track.edit_media_time = std::max<std::int64_t>(0, -plan_.audio.first_sample);
  track.start_delay = 0;
  track.default_duration = manifest_.samples_per_frame;
  track.default_size = track.default_flags = 0;
  return track;
}

std::int64_t AudioReader::frame_at(Microseconds time) const {
  const std::int64_t per_frame = manifest_.samples_per_frame;
  const std::int64_t sample =
      fmp4::rescale(time.count(), plan_.audio.sample_rate, 1'000'000) - plan_.audio.first_sample;
  return std::max<std::int64_t>(0, (sample + per_frame - 1) / per_frame);
}

Result<fmp4::TrackRun> AudioReader::read(std::optional<Microseconds> from, Microseconds to,
                                         bool last, media::Bytes& bytes) {
  const auto total = static_cast<std::int64_t>(manifest_.frames());
  const std::int64_t begin = from ? std::min(total, frame_at(*from)) : 0;
  const std::int64_t wanted = frame_at(to);
  if (!manifest_.complete && (wanted > total || last)) {
    return fail(ErrorCode::busy, "the sound of this part is not encoded yet");
  }
  const std::int64_t end = std::min(total, wanted);
  fmp4::TrackRun run{k_audio_track, {}};
  for (std::int64_t frame = begin; frame < end;) {
    TRY(const std::int64_t taken, append_piece(frame, end, run, bytes));
    frame += taken;
  }
  return run;
}

Result<> AudioReader::open(std::size_t piece) {
  if (open_ && open_piece_ == piece) return {};
  TRY(open_, open_track(files_, audio_piece_path(folder_, piece)));
  open_piece_ = piece;
  return {};
}

Result<std::int64_t> AudioReader::append_piece(std::int64_t frame, std::int64_t end,
                                               fmp4::TrackRun& run, media::Bytes& bytes) {
  const auto wanted = static_cast<std::uint64_t>(frame);
  const auto after =
      std::ranges::upper_bound(manifest_.pieces, wanted, {}, &AudioManifest::Piece::first_frame);
  const auto piece = static_cast<std::size_t>(after - manifest_.pieces.begin()) - 1;
  TRY_VOID(open(piece));
  const AudioManifest::Piece& place = manifest_.pieces[piece];
  if (open_->content.samples.size() != place.frames) {
    return fail(ErrorCode::corrupt, "a piece of the sound changed");
  }
  const auto from = static_cast<std::size_t>(wanted - place.first_frame);
  const auto count =
      std::min(static_cast<std::size_t>(end - frame), open_->content.samples.size() - from);
  const auto samples = std::span(open_->content.samples).subspan(from, count);
  const std::int64_t lead = std::max<std::int64_t>(0, plan_.audio.first_sample);
  for (fmp4::Sample sample : samples) {
    sample.decode_time = lead + frame++ * manifest_.samples_per_frame;
    sample.composition_offset = 0;
    sample.duration = manifest_.samples_per_frame;
    sample.sync = true;
    run.samples.push_back(sample);
  }
  TRY_VOID(append_samples({open_->file.get(), samples}, bytes));
  return static_cast<std::int64_t>(count);
}

Result<> extend_audio_manifest(io::FileSystem& files, const Path& folder, std::size_t count,
                               AudioManifest& manifest) {
  while (manifest.pieces.size() < count) {
    TRY(const OpenTrack open, open_track(files, audio_piece_path(folder, manifest.pieces.size())));
    manifest.pieces.push_back({manifest.frames(), open.content.samples.size()});
  }
  return {};
}

std::string write_audio_manifest(const AudioManifest& manifest) {
  boost::json::array frames;
  for (const auto& piece : manifest.pieces) frames.emplace_back(piece.frames);
  return boost::json::serialize(
      boost::json::object{{"frames", std::move(frames)}, {"complete", manifest.complete}});
}

Result<AudioManifest> parse_audio_manifest(std::string_view text) {
  try {
    const auto root = boost::json::parse(text);
    AudioManifest manifest;
    manifest.complete = root.as_object().at("complete").as_bool();
    for (const auto& frames : root.as_object().at("frames").as_array()) {
      manifest.pieces.push_back({manifest.frames(), frames.to_number<std::uint64_t>()});
    }
    return manifest;
  } catch (const std::exception& error) {
    return fail(ErrorCode::corrupt, std::string("the audio manifest is broken: ") + error.what());
  }
}

}  // namespace shoal::processing
