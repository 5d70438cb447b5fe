#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "io/file_system.h"
#include "media/fmp4/fragment.h"
#include "processing/media_file.h"
#include "processing/packaging.h"

namespace shoal::processing {

constexpr std::uint32_t k_video_track = 1;
constexpr std::uint32_t k_audio_track = 2;

/// A file and what is in it.
struct OpenTrack {
  std::unique_ptr<io::File> file;
  TrackFile content;
};
Result<OpenTrack> open_track(io::FileSystem& files, const Path& path);

/// Gives the frames of the one sound, from whichever pieces hold them; keeps one piece open.
/// Blocking, one thread; what it refers to must outlive it.
class AudioReader {
 public:
  AudioReader(io::FileSystem& files, const Plan& plan, const AudioManifest& manifest, Path folder)
      : files_(files), plan_(plan), manifest_(manifest), folder_(std::move(folder)) {}

  /// The track of every initialization segment.
  Result<media::fmp4::Track> track();

  /// Frames that begin in [from, to) of the output, from the very first on without a `from`;
  /// appends their bytes. Errors: busy when the sound is not encoded that far yet.
  Result<media::fmp4::TrackRun> read(std::optional<Microseconds> from, Microseconds to, bool last,
                                     media::Bytes& bytes);

 private:
  Result<> open(std::size_t piece);
  std::int64_t frame_at(Microseconds time) const;
  /// Appends frames from `frame` to `end`, or to the end of their piece; gives how many.
  Result<std::int64_t> append_piece(std::int64_t frame, std::int64_t end,
                                    media::fmp4::TrackRun& run, media::Bytes& bytes);

  io::FileSystem& files_;
  const Plan& plan_;
  const AudioManifest& manifest_;
  Path folder_;
  std::optional<OpenTrack> open_;
  std::size_t open_piece_ = 0;
};

}  // namespace shoal::processing
