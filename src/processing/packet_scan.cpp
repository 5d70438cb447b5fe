#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "processing/source_media.h"

namespace shoal::processing {

namespace {

constexpr std::size_t k_frame_limit = std::size_t{1} << 23;
/// How far sound may be from its place: less than a frame, more than any clock of a container
/// rounds.
constexpr Microseconds k_audio_drift{18'000};
constexpr std::uint64_t k_aac_frame_samples = 1024;
/// Slower sources are encoded at this rate: segments hold whole groups of pictures, so those of one
/// frame a minute would last two minutes.
constexpr media::FrameRate k_slowest_rate{10, 1};
/// Frames nearer to each other than the ticks of a coarse track (10 kHz) have one time.
constexpr std::int64_t k_least_step_us = 100;
/// Rates a variable source is encoded at: the nearest one that loses no frame on average.
constexpr std::array k_standard_rates{
    k_slowest_rate,          media::FrameRate{15, 1}, media::FrameRate{24, 1},
    media::FrameRate{25, 1}, media::FrameRate{30, 1}, media::FrameRate{50, 1},
    media::FrameRate{60, 1},
};

std::optional<Microseconds> parse_time(std::string_view text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (!(std::abs(seconds) < 1e9)) return std::nullopt;
  return Microseconds(std::llround(seconds * 1e6));
}

struct Fields {
  int stream = -1;
  std::optional<Microseconds> pts;
  std::optional<Microseconds> dts;
  Microseconds duration{0};
  std::uint32_t size = 0;
  std::string_view flags;
};

template <class Number>
bool parse_whole(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

std::optional<Fields> parse_fields(std::string_view line) {
  std::array<std::string_view, 6> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto bar = line.find('|');
    parts[i] = line.substr(0, bar);
    line = bar == line.npos ? std::string_view{} : line.substr(bar + 1);
  }
  Fields fields;
  if (!parse_whole(parts[0], fields.stream)) return std::nullopt;
  fields.pts = parse_time(parts[1]);
  fields.dts = parse_time(parts[2]);
  fields.duration = parse_time(parts[3]).value_or(Microseconds{0});
  if (!parse_whole(parts[4], fields.size)) return std::nullopt;
  fields.flags = parts[5];
  return fields;
}

media::FrameRate nearest_standard(double average) {
  for (const media::FrameRate rate : k_standard_rates) {
    if (rate.value() >= average - 0.5) return rate;
  }
  return k_standard_rates.back();
}

/// Whether frames shown at `times` (sorted) keep to `rate`, but for one in fifty.
bool keeps_to(const std::vector<std::int64_t>& times, media::FrameRate rate) {
  const double frame = 1e6 / rate.value();
  std::size_t off = 0;
  for (std::size_t i = 1; i < times.size(); ++i) {
    const auto step = static_cast<double>(times[i] - times[i - 1]);
    if (std::abs(step - frame) > std::max(2000.0, frame * 0.1)) ++off;
  }
  return off * 50 <= times.size();
}

Microseconds frame_time(double rate) {
  return Microseconds(rate > 0 ? std::llround(1e6 / std::max(rate, 1e-9)) : 0);
}

BitsPerSecond rate_of(std::uint64_t bytes, Microseconds time) {
  const auto microseconds = static_cast<double>(std::max<std::int64_t>(1, time.count()));
  const double bits = std::min(1e18, static_cast<double>(bytes) * 8e6 / microseconds);
  return {static_cast<std::uint64_t>(bits)};
}

}  // namespace

PacketScan::PacketScan(const SourceMedia& source) {
  if (source.video) video_stream_ = source.video->stream_index;
  if (source.audio) {
    audio_stream_ = source.audio->stream_index;
    audio_rate_ = source.audio->sample_rate;
  }
}

void PacketScan::add_line(std::string_view line) {
  const auto fields = parse_fields(line);
  if (!fields) return;
  const auto time = fields->pts ? fields->pts : fields->dts;
  if (video_stream_ == fields->stream) {
    if (video_.size() == k_frame_limit) {
      overflowed_ = true;
      return;
    }
    const bool key = fields->flags.starts_with('K');
    if (time) video_.push_back({time->count(), key});
    if (time && (video_.size() == 1 || *time >= last_shown_)) {
      last_shown_ = *time;
      last_video_duration_ = fields->duration;
    }
    if (time && key) bytes_before_key_.push_back(video_bytes_);
    video_bytes_ += fields->size;
  } else if (audio_stream_ == fields->stream) {
    audio_bytes_ += fields->size;
    audio_largest_ = std::max<std::uint64_t>(audio_largest_, fields->size);
    if (time) add_audio(*time, fields->duration);
  }
}

bool PacketScan::in_its_place(Microseconds start) const {
  if (audio_rate_ == 0) return false;
  const std::uint64_t elapsed = audio_packets_ * k_aac_frame_samples * 1'000'000 / audio_rate_;
  const Microseconds place = audio_first_ + Microseconds(static_cast<std::int64_t>(elapsed));
  return std::chrono::abs(start - place) <= k_audio_drift;
}

void PacketScan::add_audio(Microseconds start, Microseconds duration) {
  if (audio_packets_ == 0) audio_first_ = audio_end_ = start;
  // Against the first, not the last: small gaps would add up to any drift.
  if (!in_its_place(start)) audio_continuous_ = false;
  ++audio_packets_;
  audio_end_ = std::max(audio_end_, start + duration);
}

void PacketScan::apply(SourceMedia& source) const {
  if (source.audio && audio_packets_ == 0) source.audio.reset();
  if (source.audio) apply_audio(*source.audio);
  if (source.video && video_.empty()) source.video.reset();
  if (source.video) apply_video(*source.video);
}

void PacketScan::apply_audio(SourceAudio& audio) const {
  audio.first = audio_first_;
  audio.end = audio_end_;
  audio.continuous = audio_continuous_;
  audio.bitrate = rate_of(audio_bytes_, audio_end_ - audio_first_);
  audio.largest_packet = audio_largest_;
}

void PacketScan::apply_video(SourceVideo& video) const {
  std::vector<std::int64_t> times;
  times.reserve(video_.size());
  for (const Packet& packet : video_) times.push_back(packet.time_us);
  std::ranges::sort(times);
  const std::int64_t first = times.front();
  const std::int64_t span = times.back() - first;
  video.first = Microseconds(first);
  video.frames = times.size();

  const double average =
      span > 0 ? static_cast<double>(times.size() - 1) * 1e6 / static_cast<double>(span) : 0;
  const double said = video.fps.numerator > 0 ? video.fps.value() : 0;
  const bool plausible = said >= k_slowest_rate.value() && said <= 300 && said >= average * 0.98 &&
                         keeps_to(times, video.fps);
  video.variable = !plausible && times.size() > 1;
  if (!plausible) video.fps = nearest_standard(average);
  const Microseconds frame = frame_time(video.fps.value());
  // The last of slow frames stays as long as those before it.
  const Microseconds usual = std::max({frame, frame_time(average), frame_time(said)});
  const bool sane = last_video_duration_ > Microseconds{0} && last_video_duration_ < 2 * usual;
  video.end = Microseconds(times.back()) + (sane ? last_video_duration_ : frame);
  video.doubled = std::ranges::adjacent_find(times, [](std::int64_t a, std::int64_t b) {
                    return b - a < k_least_step_us;
                  }) != times.end();
  video.bytes = video_bytes_;
  video.bitrate = rate_of(video.bytes, video.end - video.first);

  // In decode order: how far each frame is from its place, and what follows each keyframe.
  std::optional<std::int64_t> open_key;
  bool closed = true;
  auto bytes_before = bytes_before_key_.begin();
  const auto close_group = [&] {
    if (!open_key) return;
    const Keyframe keyframe{Microseconds(*open_key - first), *bytes_before++};
    const bool later = video.keyframes.empty() || keyframe.time > video.keyframes.back().time;
    if (closed && later) video.keyframes.push_back(keyframe);
  };
  std::int64_t delay = 0;
  for (std::size_t i = 0; i < video_.size(); ++i) {
    delay = std::max(delay, times[i] - video_[i].time_us);
    if (video_[i].key) {
      close_group();
      open_key = video_[i].time_us;
      closed = true;
    } else if (open_key && video_[i].time_us < *open_key) {
      closed = false;
    }
  }
  close_group();
  video.reorder_delay = Microseconds(delay);
}

}  // namespace shoal::processing
