#include <fmt/format.h>

#include <iterator>

#include "media/m3u8/playlist.h"

namespace shoal::media::m3u8 {

namespace {

using Out = std::back_insert_iterator<std::string>;

std::string range_text(const ByteRange& range) {
  return fmt::format("{}@{}", range.length, range.offset);
}

/// At most three decimals, none when they are zero: 25, 29.97, -0.5; never an exponent.
std::string decimal_text(double value) {
  std::string text = fmt::format("{:.3f}", value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

void write_start(Out out, const StartPoint& start) {
  fmt::format_to(out, "#EXT-X-START:TIME-OFFSET={}{}\n", decimal_text(start.time_offset_s),
                 start.precise ? ",PRECISE=YES" : "");
}

void write_segment(Out out, const MediaSegment& segment) {
  fmt::format_to(out, "#EXTINF:{}.{:06},\n", segment.duration.count() / 1'000'000,
                 segment.duration.count() % 1'000'000);
  if (segment.range) fmt::format_to(out, "#EXT-X-BYTERANGE:{}\n", range_text(*segment.range));
  fmt::format_to(out, "{}\n", segment.uri);
}

bool is_one_line(std::string_view uri) {
  return !uri.empty() && uri.front() != '#' && uri.find_first_of("\r\n\"") == uri.npos;
}

}  // namespace

std::chrono::seconds rounded(Microseconds duration) {
  return std::chrono::seconds((duration.count() + 500'000) / 1'000'000);
}

Result<> check(const MediaPlaylist& playlist) {
  if (playlist.target_duration.count() <= 0) {
    return fail(ErrorCode::invalid, "a playlist needs a target duration");
  }
  if (playlist.map && !is_one_line(playlist.map->uri)) {
    return fail(ErrorCode::invalid, "the URI of the initialization segment is not usable");
  }
  for (const MediaSegment& segment : playlist.segments) {
    if (rounded(segment.duration) > playlist.target_duration) {
      return fail(
          ErrorCode::invalid,
          fmt::format("segment '{}' of {} us is longer than the target duration of {} s",
                      segment.uri, segment.duration.count(), playlist.target_duration.count()));
    }
    if (!is_one_line(segment.uri) || segment.duration.count() < 0) {
      return fail(ErrorCode::invalid, "a segment's URI or duration is not usable");
    }
  }
  if (playlist.type == PlaylistType::vod && playlist.segments.empty()) {
    return fail(ErrorCode::invalid, "a VOD playlist needs segments");
  }
  return {};
}

std::string write(const MediaPlaylist& playlist) {
  std::string text;
  text.reserve(200 + playlist.segments.size() * 120);
  const Out out(text);
  fmt::format_to(out, "#EXTM3U\n#EXT-X-VERSION:{}\n#EXT-X-TARGETDURATION:{}\n", playlist.version,
                 playlist.target_duration.count());
  fmt::format_to(out, "#EXT-X-MEDIA-SEQUENCE:{}\n", playlist.media_sequence);
  if (playlist.type != PlaylistType::live) {
    fmt::format_to(out, "#EXT-X-PLAYLIST-TYPE:{}\n",
                   playlist.type == PlaylistType::vod ? "VOD" : "EVENT");
  }
  if (playlist.independent_segments) text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
  if (playlist.start) write_start(out, *playlist.start);
  if (playlist.map) {
    fmt::format_to(out, "#EXT-X-MAP:URI=\"{}\"", playlist.map->uri);
    if (playlist.map->range) {
      fmt::format_to(out, ",BYTERANGE=\"{}\"", range_text(*playlist.map->range));
    }
    text += '\n';
  }
  for (const MediaSegment& segment : playlist.segments) write_segment(out, segment);
  if (playlist.ended) text += "#EXT-X-ENDLIST\n";
  return text;
}

std::string write(const MasterPlaylist& playlist) {
  std::string text;
  const Out out(text);
  fmt::format_to(out, "#EXTM3U\n#EXT-X-VERSION:{}\n", playlist.version);
  if (playlist.independent_segments) text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
  if (playlist.start) write_start(out, *playlist.start);
  for (const Variant& variant : playlist.variants) {
    fmt::format_to(out, "#EXT-X-STREAM-INF:BANDWIDTH={}", variant.bandwidth.value);
    if (variant.average_bandwidth) {
      fmt::format_to(out, ",AVERAGE-BANDWIDTH={}", variant.average_bandwidth->value);
    }
    if (variant.resolution) {
      fmt::format_to(out, ",RESOLUTION={}x{}", variant.resolution->width,
                     variant.resolution->height);
    }
    if (variant.frame_rate > 0) {
      fmt::format_to(out, ",FRAME-RATE={}", decimal_text(variant.frame_rate));
    }
    fmt::format_to(out, ",CODECS=\"{}\"\n{}\n", variant.codecs, variant.uri);
  }
  return text;
}

}  // namespace shoal::media::m3u8
