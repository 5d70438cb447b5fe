#pragma once

#include <chrono>
#include <cstdint>

namespace shoal::media {

/// Frames per second as a fraction: 30000/1001, 25/1.
struct FrameRate {
  std::uint32_t numerator = 0;
  std::uint32_t denominator = 1;

  double value() const { return static_cast<double>(numerator) / denominator; }
  friend bool operator==(const FrameRate&, const FrameRate&) = default;
};

/// Frames before `time`, to the nearest frame.
constexpr std::int64_t frames_at(FrameRate rate, std::chrono::microseconds time) {
  const auto wide = static_cast<__int128>(time.count()) * rate.numerator;
  const auto unit = static_cast<__int128>(rate.denominator) * 1'000'000;
  return static_cast<std::int64_t>((wide + unit / 2) / unit);
}

/// When frame `frame` is shown, to the nearest microsecond; frames_at() of it gives `frame` again.
constexpr std::chrono::microseconds time_of_frame(FrameRate rate, std::int64_t frame) {
  const auto wide = static_cast<__int128>(frame) * rate.denominator * 1'000'000;
  return std::chrono::microseconds(
      static_cast<std::int64_t>((wide + rate.numerator / 2) / rate.numerator));
}

}  // namespace shoal::media
