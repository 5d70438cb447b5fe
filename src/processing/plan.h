#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "media/boundaries.h"
#include "media/ladder.h"
#include "processing/source_media.h"

namespace shoal::processing {

/// What an administrator decides about transcoding. Value.
struct PlanConfig {
  media::LadderConfig ladder;
  /// Take a source that qualifies as the top rendition, as it is.
  bool allow_copy = true;
  std::string preset = "veryfast";
  int crf = 23;
  BitsPerSecond audio_bitrate{128'000};
  /// Threads of each encoder; 0 leaves it to the encoder.
  int threads = 0;
  /// Longer sources are refused.
  std::chrono::hours longest{24};
  /// Offer whole renditions to machines that know no work segments.
  bool offer_whole = false;
};

enum class StreamMode { none, copy, encode };

/// The one sound of a video, made once and put into every rendition.
struct AudioPlan {
  StreamMode mode = StreamMode::none;
  int stream_index = 0;
  std::uint32_t sample_rate = 48000;
  std::uint32_t channels = 2;
  BitsPerSecond bitrate;
  /// Place of the first frame on the output timeline, in samples; negative for priming.
  std::int64_t first_sample = 0;
};

struct RenditionPlan {
  /// The name of its size, 0 for sound alone.
  std::uint32_t resolution = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  media::FrameRate fps;
  StreamMode video = StreamMode::encode;
  BitsPerSecond max_bitrate;
  /// The video track's clock and how long a frame waits between decoding and showing, in it.
  std::uint32_t timescale = 90000;
  std::uint32_t ticks_per_frame = 0;
  std::uint32_t delay_ticks = 0;
  /// Names the finished file; random, so that the URL is immutable.
  Uuid file_id;
};

/// A run of HLS segments that one process makes: [first, last) of the boundary list.
struct WorkSegment {
  std::size_t first = 0;
  std::size_t last = 0;
  /// Where decoding starts, on the source's own timeline: at a keyframe at or before its begin.
  Microseconds seek{0};
};

/// All decisions about one video, taken once and stored: every job reads the same. Value.
struct Plan {
  /// Names what exists only while the work is running: the video's UUID.
  Uuid running_id;
  /// Counts how often the video was planned; what a later round makes has names of its own.
  std::uint32_t round = 1;
  Uuid master_id;
  Uuid digests_id;
  media::BoundaryList boundaries;
  std::vector<WorkSegment> work_segments;
  /// The largest first; sound alone is one rendition of resolution 0.
  std::vector<RenditionPlan> renditions;
  AudioPlan audio;

  int video_stream = -1;
  /// The source's time that becomes 0.
  Microseconds origin{0};
  media::FrameRate fps;
  bool interlaced = false;
  bool hdr = false;
  /// The picture ends before the sound: its last frame stays until the end.
  bool freeze_last_frame = false;
  /// The source's index finds keyframes; without one, decoding starts a little earlier.
  bool exact_seek = true;
  /// Encoded renditions may also be made whole by who knows no work segments: who only scales the
  /// source's picture gets what we would.
  bool offers_whole = false;
  std::string preset;
  int crf = 23;
  int threads = 0;

  bool copies_top() const {
    return !renditions.empty() && renditions.front().video == StreamMode::copy;
  }
  /// Not where there is sound alone, or nothing below a copied top.
  bool encodes() const {
    return std::ranges::any_of(renditions, [](const RenditionPlan& rendition) {
      return rendition.video == StreamMode::encode;
    });
  }
  /// EXT-X-TARGETDURATION of every playlist of this video, running or finished.
  std::chrono::seconds target_duration() const;
};

/// Decides. Pure but for the random names. Errors, with a sentence for the owner: invalid (no
/// duration), too_large (longer than the limit).
Result<Plan> make_plan(const SourceMedia& source, const PlanConfig& config, Random& random);

/// The stored form; parse_plan reads what write_plan wrote (corrupt otherwise).
std::string write_plan(const Plan& plan);
Result<Plan> parse_plan(std::string_view json);

}  // namespace shoal::processing
