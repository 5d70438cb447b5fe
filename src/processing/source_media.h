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

/// A frame from which decoding can start and after which no earlier frame is shown (the begin of a
/// closed group of pictures).
struct Keyframe {
  Microseconds time{0};  ///< relative to the first frame shown
  std::uint64_t bytes_before = 0;
  friend bool operator==(const Keyframe&, const Keyframe&) = default;
};

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
  /// On average, by the sizes of the packets.
  BitsPerSecond bitrate;

  Microseconds first{0};  ///< presentation time of the first frame
  Microseconds end{0};    ///< end of the last frame
  std::uint64_t frames = 0;
  std::uint64_t bytes = 0;
  /// Frames that are shown at one time, so near that no clock of a track tells them apart.
  bool doubled = false;
  std::vector<Keyframe> keyframes;
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
  /// On average, by the sizes of the packets.
  BitsPerSecond bitrate;
  std::uint64_t largest_packet = 0;
  Microseconds first{0};  ///< of the first packet, priming included
  Microseconds end{0};
  /// Each packet starts where as many AAC frames before it put it, but for rounding: frame numbers
  /// alone tell the time.
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

/// Collects `ffprobe -show_entries packet=stream_index,pts_time,dts_time,duration_time,size,flags
/// -of compact=p=0:nk=1`, a line at a time. Memory: eight bytes a video frame and as many a
/// keyframe, at most 2^23 frames (`overflowed`). One thread.
class PacketScan {
 public:
  /// Of the streams that `source` names.
  explicit PacketScan(const SourceMedia& source);

  void add_line(std::string_view line);
  bool overflowed() const { return overflowed_; }
  /// Fills in times, sizes, frames, doubled, keyframes, variable and a frame rate where the header
  /// had none. Streams without packets are dropped from `source`.
  void apply(SourceMedia& source) const;

 private:
  struct Packet {
    std::int64_t time_us : 63;
    bool key : 1;
  };
  bool in_its_place(Microseconds start) const;
  void add_audio(Microseconds start, Microseconds duration);
  void apply_audio(SourceAudio& audio) const;
  void apply_video(SourceVideo& video) const;

  std::optional<int> video_stream_;
  std::optional<int> audio_stream_;
  std::vector<Packet> video_;
  std::vector<std::uint64_t> bytes_before_key_;
  std::uint64_t video_bytes_ = 0;
  Microseconds last_shown_{0};
  Microseconds last_video_duration_{0};
  bool overflowed_ = false;
  std::uint32_t audio_rate_ = 0;
  std::uint64_t audio_packets_ = 0;
  std::uint64_t audio_bytes_ = 0;
  std::uint64_t audio_largest_ = 0;
  Microseconds audio_first_{0};
  Microseconds audio_end_{0};
  bool audio_continuous_ = true;
};

/// Reads `ffprobe -show_format -show_streams -of json`. Errors, with a sentence for the owner:
/// invalid (no picture and no sound, sizes out of bounds), corrupt (not ffprobe's answer).
Result<SourceMedia> parse_probe(std::string_view json);

}  // namespace shoal::processing
