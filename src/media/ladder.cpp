#include "media/ladder.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"

namespace shoal::media {

namespace {

/// Ceilings at 16:9 and 30 frames a second, by pixels.
struct BitratePoint {
  double pixels;
  double bits;
};
constexpr std::array k_bitrates{
    BitratePoint{256.0 * 144, 300e3},   BitratePoint{426.0 * 240, 550e3},
    BitratePoint{640.0 * 360, 1000e3},  BitratePoint{854.0 * 480, 1600e3},
    BitratePoint{1280.0 * 720, 3200e3}, BitratePoint{1920.0 * 1080, 6000e3},
    BitratePoint{2560.0 * 1440, 10e6},  BitratePoint{3840.0 * 2160, 20e6},
};

std::uint32_t to_even(double size) {
  return std::max(2U, static_cast<std::uint32_t>(std::lround(size / 2)) * 2);
}

/// Divides by a whole number, so that the lower rate shows every n-th frame of the higher one.
FrameRate capped(FrameRate fps, std::uint32_t cap) {
  std::uint32_t divisor = 1;
  while (fps.value() / divisor > cap + 0.5) ++divisor;
  return {fps.numerator, fps.denominator * divisor};
}

LadderRung make_rung(const SourcePicture& source, const LadderConfig& config,
                     std::uint32_t resolution) {
  const double scale = static_cast<double>(resolution) / std::min(source.width, source.height);
  LadderRung rung;
  rung.resolution = resolution;
  rung.width = to_even(source.width * scale);
  rung.height = to_even(source.height * scale);
  const bool small = resolution < config.keep_fps_from;
  rung.fps = capped(source.fps, config.max_fps);
  if (small) rung.fps = capped(rung.fps, config.small_max_fps);
  rung.max_bitrate = max_bitrate(rung.width, rung.height, rung.fps);
  return rung;
}

}  // namespace

BitsPerSecond max_bitrate(std::uint32_t width, std::uint32_t height, FrameRate fps) {
  const double pixels = static_cast<double>(width) * height;
  double bits = 0;
  if (pixels <= k_bitrates.front().pixels) {
    bits = k_bitrates.front().bits;
  } else if (pixels >= k_bitrates.back().pixels) {
    bits = k_bitrates.back().bits * pixels / k_bitrates.back().pixels;
  } else {
    const auto upper = std::ranges::upper_bound(k_bitrates, pixels, {}, &BitratePoint::pixels);
    const auto lower = upper - 1;
    const double share = (pixels - lower->pixels) / (upper->pixels - lower->pixels);
    bits = lower->bits + share * (upper->bits - lower->bits);
  }
  // Twice the frames need about half more bits: neighbours are more alike.
  bits *= std::pow(std::max(fps.value(), 1.0) / 30, 0.6);
  return {static_cast<std::uint64_t>(std::clamp(bits, 100e3, 80e6) / 1000) * 1000};
}

std::vector<LadderRung> build_ladder(const SourcePicture& source, const LadderConfig& config) {
  SHOAL_CHECK(source.width > 0 && source.height > 0 && source.fps.numerator > 0);
  const std::uint32_t own = std::min({source.width, source.height, config.largest});
  std::vector<std::uint32_t> resolutions;
  for (const std::uint32_t resolution : config.resolutions) {
    if (resolution >= 2 && resolution <= own) resolutions.push_back(resolution);
  }
  if (config.always_original || resolutions.empty()) resolutions.push_back(own);
  std::ranges::sort(resolutions, std::greater{});
  const auto same = std::ranges::unique(resolutions);
  resolutions.erase(same.begin(), same.end());
  std::vector<LadderRung> rungs;
  rungs.reserve(resolutions.size());
  for (const std::uint32_t resolution : resolutions) {
    rungs.push_back(make_rung(source, config, resolution));
  }
  return rungs;
}

}  // namespace shoal::media
