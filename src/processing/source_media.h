#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "media/frame_rate.h"

namespace shoal::processing {

using Microseconds = std::chrono::microseconds;

/// A source's picture, as the probe found it. Times are the source's own timeline.
struct SourceVideo {
  int stream_index = 0;
  std::string codec;
  std::string profile;
  std::string pixel_format;
  int bit_depth = 8;
  /// As stored: before rotation and sample aspect ratio.
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  double sample_aspect = 1;
  /// Degrees counter-clockwise, as ffmpeg counts them: 0, 90, 180 or 270.
  int rotation = 0;
  bool interlaced = false;
  bool hdr = false;
  std::string color_transfer;
  /// Constant rate to encode at. `variable` when the source's own frames do not keep to it.
  media::FrameRate fps;
  bool variable = false;
  BitsPerSecond bitrate;

  Microseconds first{0};  ///< presentation time of the first frame
  Microseconds end{0};    ///< end of the last frame
  std::uint64_t frames = 0;
  /// Relative to `first`: frames from which decoding can start and after which no earlier frame is
  /// shown (closed groups of pictures).
  std::vector<Microseconds> keyframes;
  /// The longest time a frame is decoded before its place in the order of showing.
  Microseconds reorder_delay{0};

  /// As shown: rotated and with square pixels.
  std::uint32_t display_width() const;
  std::uint32_t display_height() const;
};

struct SourceAudio {
  int stream_index = 0;
  std::string codec;
  std::string profile;
  std::uint32_t channels = 0;
  std::uint32_t sample_rate = 0;
  BitsPerSecond bitrate;
  Microseconds first{0};  ///< of the first packet, priming included
  Microseconds end{0};
  /// Packets follow each other without holes.
  bool continuous = true;
};

/// What the plan needs to know about an uploaded file. At least one of the two is there.
struct SourceMedia {
  std::string container;
  std::optional<SourceVideo> video;
  std::optional<SourceAudio> audio;

  /// The source's time that becomes 0: the first picture's, or the first sound's.
  Microseconds origin() const;
  /// From the origin to the end of what is shown or heard.
  Microseconds duration() const;
};

/// Collects `ffprobe -show_entries packet=stream_index,pts_time,dts_time,duration_time,flags
/// -of compact=p=0:nk=1`, a line at a time. Memory: eight bytes a video frame, at most 2^23 frames
/// (`overflowed`). One thread.
class PacketScan {
 public:
  PacketScan(std::optional<int> video_stream, std::optional<int> audio_stream)
      : video_stream_(video_stream), audio_stream_(audio_stream) {}

  void add_line(std::string_view line);
  bool overflowed() const { return overflowed_; }
  /// Fills in times, frames, keyframes, variable and a frame rate where the header had none.
  /// Streams without packets are dropped from `source`.
  void apply(SourceMedia& source) const;

 private:
  struct Packet {
    std::int64_t time_us : 63;
    bool key : 1;
  };
  void add_audio(Microseconds start, Microseconds duration);
  void apply_video(SourceVideo& video) const;

  std::optional<int> video_stream_;
  std::optional<int> audio_stream_;
  std::vector<Packet> video_;
  Microseconds last_video_duration_{0};
  bool overflowed_ = false;
  bool any_audio_ = false;
  Microseconds audio_first_{0};
  Microseconds audio_end_{0};
  bool audio_continuous_ = true;
};

/// Reads `ffprobe -show_format -show_streams -of json`. Errors, with a sentence for the owner:
/// invalid (no picture and no sound, sizes out of bounds), corrupt (not ffprobe's answer).
Result<SourceMedia> parse_probe(std::string_view json);

}  // namespace shoal::processing
