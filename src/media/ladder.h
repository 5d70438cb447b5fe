#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/units.h"
#include "media/frame_rate.h"

namespace shoal::media {

/// Which renditions an instance makes. Values, any thread.
struct LadderConfig {
  /// Short sides in pixels ("720" of 720p, portrait too), any order.
  std::vector<std::uint32_t> resolutions{240, 360, 480, 720};
  /// Also a rendition of the source's own size when it is none of the above.
  bool always_original = true;
  /// Sizes above this are scaled down even then.
  std::uint32_t largest = 2160;
  std::uint32_t max_fps = 60;
  /// Below this resolution frame rates above `small_max_fps` are divided.
  std::uint32_t keep_fps_from = 720;
  std::uint32_t small_max_fps = 30;
};

/// The picture as it is shown: rotation and sample aspect ratio applied.
struct SourcePicture {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  FrameRate fps;
};

struct LadderRung {
  /// The short side's nominal size: 720 in "720p" and in file names.
  std::uint32_t resolution = 0;
  std::uint32_t width = 0;   ///< even
  std::uint32_t height = 0;  ///< even
  FrameRate fps;
  /// The encoder's ceiling (x264 maxrate); bufsize is twice it.
  BitsPerSecond max_bitrate;
};

/// The rungs for a source, the largest first; at least one, none larger than the source (but for
/// rounding to even). `fps` of the source must be positive.
std::vector<LadderRung> build_ladder(const SourcePicture& source, const LadderConfig& config);

/// The ceiling for a picture of that many pixels and that frame rate.
BitsPerSecond max_bitrate(std::uint32_t width, std::uint32_t height, FrameRate fps);

}  // namespace shoal::media
