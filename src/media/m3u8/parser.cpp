#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/text.h"
#include "media/m3u8/playlist.h"

namespace shoal::media::m3u8 {

namespace {

/// Lines without their ends; counts them for messages.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  bool next(std::string_view& line) {
    if (rest_.empty()) return false;
    const auto end = rest_.find('\n');
    line = trim(rest_.substr(0, end));
    rest_ = end == rest_.npos ? std::string_view{} : rest_.substr(end + 1);
    ++number_;
    return true;
  }
  std::unexpected<Error> fail_here(std::string_view what) const {
    return fail(ErrorCode::corrupt, fmt::format("playlist line {}: {}", number_, what));
  }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

std::optional<std::string_view> after(std::string_view line, std::string_view tag) {
  if (!line.starts_with(tag)) return std::nullopt;
  return line.substr(tag.size());
}

std::optional<std::uint64_t> parse_unsigned(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_decimal(std::string_view text) {
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  // Thirty years of seconds: what is larger is no time, and cannot be written without an exponent.
  constexpr double k_limit = 1e9;
  if (!(std::abs(value) <= k_limit)) return std::nullopt;
  return value;
}

/// The value of one attribute of an attribute list (section 4.2), quotes removed.
std::optional<std::string_view> attribute(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const auto equals = list.find('=');
    if (equals == list.npos) return std::nullopt;
    const std::string_view key = trim(list.substr(0, equals));
    list.remove_prefix(equals + 1);
    std::string_view value;
    if (list.starts_with('"')) {
      const auto quote = list.find('"', 1);
      if (quote == list.npos) return std::nullopt;
      value = list.substr(1, quote - 1);
      list.remove_prefix(quote + 1);
    } else {
      value = list.substr(0, list.find(','));
      list.remove_prefix(value.size());
    }
    if (key == name) return value;
    if (list.starts_with(',')) list.remove_prefix(1);
  }
  return std::nullopt;
}

/// "length[@offset]"; without an offset it follows `previous_end`.
std::optional<ByteRange> parse_range(std::string_view text, std::uint64_t previous_end) {
  const auto at = text.find('@');
  const auto length = parse_unsigned(text.substr(0, at));
  const auto offset =
      at == text.npos ? std::optional(previous_end) : parse_unsigned(text.substr(at + 1));
  constexpr std::uint64_t k_limit = 1ULL << 60;
  if (!length || !offset || *length > k_limit || *offset > k_limit) return std::nullopt;
  return ByteRange{*offset, *length};
}

std::optional<StartPoint> parse_start(std::string_view list) {
  const auto offset = attribute(list, "TIME-OFFSET");
  const auto value = offset ? parse_decimal(*offset) : std::nullopt;
  if (!value) return std::nullopt;
  return StartPoint{*value, attribute(list, "PRECISE") == "YES"};
}

std::optional<Resolution> parse_resolution(std::string_view text) {
  const auto x = text.find('x');
  if (x == text.npos) return std::nullopt;
  const auto width = parse_unsigned(text.substr(0, x));
  const auto height = parse_unsigned(text.substr(x + 1));
  if (!width || !height || *width > 1'000'000 || *height > 1'000'000) return std::nullopt;
  return Resolution{static_cast<std::uint32_t>(*width), static_cast<std::uint32_t>(*height)};
}

/// Collects one media playlist line by line.
class MediaParser {
 public:
  MediaParser(const ParseLimits& limits, Lines& lines) : limits_(limits), lines_(lines) {
    playlist_.type = PlaylistType::live;
    playlist_.version = 1;
  }

  Result<> line(std::string_view line) {
    if (line.empty()) return {};
    if (line.front() != '#') return uri(line);
    if (const auto value = after(line, "#EXTINF:")) return extinf(*value);
    if (const auto value = after(line, "#EXT-X-BYTERANGE:")) {
      range_ = parse_range(*value, previous_end_);
      if (!range_) return lines_.fail_here("the byte range is not length@offset");
      return {};
    }
    if (const auto value = after(line, "#EXT-X-MAP:")) return map(*value);
    return header(line);
  }

  Result<MediaPlaylist> finish() {
    if (playlist_.target_duration.count() == 0) {
      return fail(ErrorCode::corrupt, "the playlist has no EXT-X-TARGETDURATION");
    }
    return std::move(playlist_);
  }

 private:
  Result<> header(std::string_view line) {
    if (const auto value = after(line, "#EXT-X-TARGETDURATION:")) {
      const auto seconds = parse_unsigned(*value);
      if (!seconds || *seconds == 0 || *seconds > 86'400) {
        return lines_.fail_here("the target duration is not a number of seconds");
      }
      playlist_.target_duration = std::chrono::seconds(*seconds);
    } else if (const auto version = after(line, "#EXT-X-VERSION:")) {
      const auto number = parse_unsigned(*version);
      if (!number || *number > 1000) return lines_.fail_here("the version is not a number");
      playlist_.version = static_cast<int>(*number);
    } else if (const auto sequence = after(line, "#EXT-X-MEDIA-SEQUENCE:")) {
      const auto number = parse_unsigned(*sequence);
      if (!number) return lines_.fail_here("the media sequence is not a number");
      playlist_.media_sequence = *number;
    } else if (line == "#EXT-X-PLAYLIST-TYPE:VOD") {
      playlist_.type = PlaylistType::vod;
    } else if (line == "#EXT-X-PLAYLIST-TYPE:EVENT") {
      playlist_.type = PlaylistType::event;
    } else if (line == "#EXT-X-INDEPENDENT-SEGMENTS") {
      playlist_.independent_segments = true;
    } else if (const auto start = after(line, "#EXT-X-START:")) {
      playlist_.start = parse_start(*start);
      if (!playlist_.start) return lines_.fail_here("EXT-X-START has no TIME-OFFSET");
    } else if (line == "#EXT-X-ENDLIST") {
      playlist_.ended = true;
    } else if (line.starts_with("#EXT-X-STREAM-INF")) {
      return lines_.fail_here("this is a master playlist");
    }
    return {};
  }

  Result<> extinf(std::string_view value) {
    const auto seconds = parse_decimal(value.substr(0, value.find(',')));
    if (!seconds || *seconds < 0 || *seconds > 86'400) {
      return lines_.fail_here("EXTINF is not a number of seconds");
    }
    duration_ = Microseconds(std::llround(*seconds * 1e6));
    return {};
  }

  Result<> map(std::string_view list) {
    const auto uri = attribute(list, "URI");
    if (!uri || uri->empty()) return lines_.fail_here("EXT-X-MAP has no URI");
    Map map{std::string(*uri), std::nullopt};
    if (const auto range = attribute(list, "BYTERANGE")) {
      map.range = parse_range(*range, 0);
      if (!map.range) return lines_.fail_here("the byte range is not length@offset");
    }
    playlist_.map = std::move(map);
    return {};
  }

  Result<> uri(std::string_view line) {
    if (!duration_) return lines_.fail_here("a URI without EXTINF");
    if (playlist_.segments.size() == limits_.entries) {
      return fail(ErrorCode::too_large, "the playlist has too many segments");
    }
    playlist_.segments.push_back({std::string(line), *duration_, range_});
    previous_end_ = range_ ? range_->offset + range_->length : 0;
    duration_.reset();
    range_.reset();
    return {};
  }

  const ParseLimits& limits_;
  Lines& lines_;
  MediaPlaylist playlist_;
  std::optional<Microseconds> duration_;
  std::optional<ByteRange> range_;
  std::uint64_t previous_end_ = 0;
};

Result<Lines> open(std::string_view text, const ParseLimits& limits) {
  if (text.size() > limits.bytes) return fail(ErrorCode::too_large, "the playlist is too large");
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  Lines lines(text);
  std::string_view first;
  if (!lines.next(first) || first != "#EXTM3U") {
    return fail(ErrorCode::corrupt, "a playlist starts with #EXTM3U");
  }
  return lines;
}

Result<Variant> parse_variant(std::string_view list, const Lines& lines) {
  Variant variant;
  const auto bandwidth = attribute(list, "BANDWIDTH");
  const auto bits = bandwidth ? parse_unsigned(*bandwidth) : std::nullopt;
  if (!bits) return lines.fail_here("a variant has no BANDWIDTH");
  variant.bandwidth = {*bits};
  if (const auto text = attribute(list, "AVERAGE-BANDWIDTH")) {
    const auto average = parse_unsigned(*text);
    if (!average) return lines.fail_here("AVERAGE-BANDWIDTH is not a number");
    variant.average_bandwidth = BitsPerSecond{*average};
  }
  if (const auto text = attribute(list, "RESOLUTION")) {
    variant.resolution = parse_resolution(*text);
    if (!variant.resolution) return lines.fail_here("RESOLUTION is not WIDTHxHEIGHT");
  }
  if (const auto text = attribute(list, "FRAME-RATE")) {
    const auto rate = parse_decimal(*text);
    if (!rate || *rate < 0) return lines.fail_here("FRAME-RATE is not a number");
    variant.frame_rate = *rate;
  }
  variant.codecs = std::string(attribute(list, "CODECS").value_or(""));
  return variant;
}

}  // namespace

Result<MediaPlaylist> parse_media_playlist(std::string_view text, const ParseLimits& limits) {
  TRY(Lines lines, open(text, limits));
  MediaParser parser(limits, lines);
  std::string_view line;
  while (lines.next(line)) TRY_VOID(parser.line(line));
  return parser.finish();
}

Result<MasterPlaylist> parse_master_playlist(std::string_view text, const ParseLimits& limits) {
  TRY(Lines lines, open(text, limits));
  MasterPlaylist playlist;
  playlist.version = 1;
  std::optional<Variant> variant;
  std::string_view line;
  while (lines.next(line)) {
    if (line.empty()) continue;
    if (const auto list = after(line, "#EXT-X-STREAM-INF:")) {
      TRY(variant, parse_variant(*list, lines));
    } else if (const auto version = after(line, "#EXT-X-VERSION:")) {
      const auto number = parse_unsigned(*version);
      if (!number || *number > 1000) return lines.fail_here("the version is not a number");
      playlist.version = static_cast<int>(*number);
    } else if (line == "#EXT-X-INDEPENDENT-SEGMENTS") {
      playlist.independent_segments = true;
    } else if (const auto start = after(line, "#EXT-X-START:")) {
      playlist.start = parse_start(*start);
      if (!playlist.start) return lines.fail_here("EXT-X-START has no TIME-OFFSET");
    } else if (line.front() != '#') {
      if (!variant) return lines.fail_here("a URI without EXT-X-STREAM-INF");
      if (playlist.variants.size() == limits.entries) {
        return fail(ErrorCode::too_large, "the playlist has too many variants");
      }
      variant->uri = std::string(line);
      playlist.variants.push_back(std::move(*variant));
      variant.reset();
    }
  }
  if (playlist.variants.empty()) {
    return fail(ErrorCode::corrupt, "the master playlist has no variant");
  }
  return playlist;
}

}  // namespace shoal::media::m3u8
