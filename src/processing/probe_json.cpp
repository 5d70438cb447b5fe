#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "processing/source_media.h"

namespace shoal::processing {

namespace {

namespace json = boost::json;

constexpr std::uint32_t k_side_limit = 16384;

std::string_view text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->is_string() ? std::string_view(value->get_string()) : std::string_view{};
}

/// ffprobe writes some numbers as numbers and some as strings.
std::int64_t number_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (!value) return 0;
  if (value->is_int64()) return value->get_int64();
  if (!value->is_string()) return 0;
  const std::string_view text = value->get_string();
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// "30000/1001", "4:3"; nothing when a side is not positive or absurd.
std::optional<media::FrameRate> parse_fraction(std::string_view text, char separator) {
  const auto at = text.find(separator);
  if (at == text.npos) return std::nullopt;
  const auto side = [](std::string_view digits) {
    std::uint32_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  };
  const media::FrameRate fraction{side(text.substr(0, at)), side(text.substr(at + 1))};
  if (fraction.numerator == 0 || fraction.denominator == 0) return std::nullopt;
  return fraction;
}

int rotation_of(const json::object& stream) {
  double degrees = 0;
  if (const auto* list = stream.if_contains("side_data_list"); list && list->is_array()) {
    for (const auto& entry : list->get_array()) {
      if (!entry.is_object()) continue;
      const auto* value = entry.get_object().if_contains("rotation");
      if (value && value->is_number()) degrees = value->to_number<double>();
    }
  }
  const int quarter = static_cast<int>(std::lround(degrees / 90)) % 4;
  return (quarter + 4) % 4 * 90;
}

int bit_depth_of(std::string_view pixel_format) {
  for (const int depth : {16, 14, 12, 10, 9}) {
    if (pixel_format.find(fmt::format("p{}", depth)) != pixel_format.npos) return depth;
  }
  if (pixel_format.starts_with("p010") || pixel_format.starts_with("y210")) return 10;
  return 8;
}

bool is_cover_art(const json::object& stream) {
  const auto* disposition = stream.if_contains("disposition");
  return disposition && disposition->is_object() &&
         (number_of(disposition->get_object(), "attached_pic") == 1 ||
          number_of(disposition->get_object(), "still_image") == 1);
}

bool is_default(const json::object& stream) {
  const auto* disposition = stream.if_contains("disposition");
  return disposition && disposition->is_object() &&
         number_of(disposition->get_object(), "default") == 1;
}

Result<SourceVideo> parse_video(const json::object& stream) {
  SourceVideo video;
  video.stream_index = static_cast<int>(number_of(stream, "index"));
  video.codec = text_of(stream, "codec_name");
  video.profile = text_of(stream, "profile");
  video.pixel_format = text_of(stream, "pix_fmt");
  video.bit_depth = bit_depth_of(video.pixel_format);
  const std::int64_t width = number_of(stream, "width");
  const std::int64_t height = number_of(stream, "height");
  if (width < 1 || height < 1 || width > k_side_limit || height > k_side_limit) {
    return fail(ErrorCode::invalid,
                fmt::format("The picture is {}x{}; it must be between 1x1 and {}x{}.", width,
                            height, k_side_limit, k_side_limit));
  }
  video.width = static_cast<std::uint32_t>(width);
  video.height = static_cast<std::uint32_t>(height);
  if (const auto aspect = parse_fraction(text_of(stream, "sample_aspect_ratio"), ':')) {
    if (aspect->value() > 0.1 && aspect->value() < 10) video.sample_aspect = aspect->value();
  }
  video.rotation = rotation_of(stream);
  const std::string_view order = text_of(stream, "field_order");
  video.interlaced = !order.empty() && order != "progressive" && order != "unknown";
  video.color_transfer = text_of(stream, "color_transfer");
  video.hdr = video.color_transfer == "smpte2084" || video.color_transfer == "arib-std-b67";
  video.bitrate = {
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, number_of(stream, "bit_rate")))};
  const auto nominal = parse_fraction(text_of(stream, "r_frame_rate"), '/');
  const auto average = parse_fraction(text_of(stream, "avg_frame_rate"), '/');
  if (nominal && nominal->value() <= 300) {
    video.fps = *nominal;
  } else if (average) {
    video.fps = *average;
  }
  return video;
}

SourceAudio parse_audio(const json::object& stream) {
  SourceAudio audio;
  audio.stream_index = static_cast<int>(number_of(stream, "index"));
  audio.codec = text_of(stream, "codec_name");
  audio.profile = text_of(stream, "profile");
  audio.channels = static_cast<std::uint32_t>(number_of(stream, "channels"));
  audio.sample_rate = static_cast<std::uint32_t>(number_of(stream, "sample_rate"));
  audio.bitrate = {
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, number_of(stream, "bit_rate")))};
  return audio;
}

/// The stream a player would choose: the default one of its kind, else the first.
const json::object* choose(const json::array& streams, std::string_view kind) {
  const json::object* chosen = nullptr;
  for (const auto& value : streams) {
    if (!value.is_object()) continue;
    const json::object& stream = value.get_object();
    if (text_of(stream, "codec_type") != kind || text_of(stream, "codec_name").empty()) continue;
    if (text_of(stream, "codec_name") == "unknown" || is_cover_art(stream)) continue;
    if (kind == "audio" &&
        (number_of(stream, "channels") < 1 || number_of(stream, "sample_rate") < 1)) {
      continue;
    }
    if (!chosen || (is_default(stream) && !is_default(*chosen))) chosen = &stream;
  }
  return chosen;
}

}  // namespace

Result<SourceMedia> parse_probe(std::string_view text) {
  boost::system::error_code error;
  const json::value root = json::parse(text, error);
  const auto* object = error ? nullptr : root.if_object();
  const auto* streams = object ? object->if_contains("streams") : nullptr;
  if (!streams || !streams->is_array()) {
    return fail(ErrorCode::corrupt, "The file could not be read as a video or a sound.");
  }
  SourceMedia source;
  if (const auto* format = object->if_contains("format"); format && format->is_object()) {
    source.container = text_of(format->get_object(), "format_name");
  }
  if (const auto* stream = choose(streams->get_array(), "video")) {
    TRY(source.video, parse_video(*stream));
  }
  if (const auto* stream = choose(streams->get_array(), "audio")) {
    source.audio = parse_audio(*stream);
  }
  if (!source.video && !source.audio) {
    return fail(ErrorCode::invalid, "The file has no picture and no sound that can be decoded.");
  }
  return source;
}

}  // namespace shoal::processing
