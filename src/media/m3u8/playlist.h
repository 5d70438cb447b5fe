#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

/// HTTP Live Streaming playlists (draft-pantos-hls-rfc8216bis): the tags this program writes, and
/// a reader that passes over the others. Values, any thread.
namespace shoal::media::m3u8 {

using Microseconds = std::chrono::microseconds;

/// Half-open like all our ranges; EXT-X-BYTERANGE writes length@offset.
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// EXT-X-MAP: where the initialization segment is.
struct Map {
  std::string uri;
  std::optional<ByteRange> range;
  friend bool operator==(const Map&, const Map&) = default;
};

struct MediaSegment {
  std::string uri;
  Microseconds duration{0};
  std::optional<ByteRange> range;
  friend bool operator==(const MediaSegment&, const MediaSegment&) = default;
};

enum class PlaylistType { live, event, vod };

struct StartPoint {
  double time_offset_s = 0;
  bool precise = false;
  friend bool operator==(const StartPoint&, const StartPoint&) = default;
};

struct MediaPlaylist {
  int version = 7;
  PlaylistType type = PlaylistType::vod;
  std::chrono::seconds target_duration{0};
  std::uint64_t media_sequence = 0;
  bool independent_segments = false;
  std::optional<StartPoint> start;
  std::optional<Map> map;
  std::vector<MediaSegment> segments;
  bool ended = false;
  friend bool operator==(const MediaPlaylist&, const MediaPlaylist&) = default;
};

struct Resolution {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  friend bool operator==(const Resolution&, const Resolution&) = default;
};

/// EXT-X-STREAM-INF and its URI.
struct Variant {
  std::string uri;
  BitsPerSecond bandwidth;
  std::optional<BitsPerSecond> average_bandwidth;
  std::optional<Resolution> resolution;
  /// Frames per second; 0 where there is no picture.
  double frame_rate = 0;
  std::string codecs;
  friend bool operator==(const Variant&, const Variant&) = default;
};

struct MasterPlaylist {
  int version = 7;
  bool independent_segments = false;
  std::optional<StartPoint> start;
  std::vector<Variant> variants;
  friend bool operator==(const MasterPlaylist&, const MasterPlaylist&) = default;
};

/// EXTINF rounded to whole seconds, as the rule on EXT-X-TARGETDURATION counts it.
std::chrono::seconds rounded(Microseconds duration);

/// What makes a media playlist wrong to publish: a segment longer than the target duration, no
/// segments in an ended VOD one, a URI with a line break.
Result<> check(const MediaPlaylist& playlist);

/// The texts. URIs are written as they are; check() first where they come from outside.
std::string write(const MediaPlaylist& playlist);
/// Variants in the order given (the lowest resolution first, as PeerTube).
std::string write(const MasterPlaylist& playlist);

struct ParseLimits {
  std::size_t bytes = std::size_t{8} << 20;
  std::size_t entries = 100'000;
};

/// Errors: corrupt (with the line), too_large.
Result<MediaPlaylist> parse_media_playlist(std::string_view text, const ParseLimits& limits = {});
Result<MasterPlaylist> parse_master_playlist(std::string_view text, const ParseLimits& limits = {});

}  // namespace shoal::media::m3u8
