#include "delivery/presigned_playlist.h"

#include <algorithm>

#include "delivery/playlist_tokens.h"
#include "media/m3u8/playlist.h"

namespace shoal::delivery {
namespace {

/// A presigned URL is some ten times as long as a name: about ten hours of segments.
constexpr std::size_t k_longest = std::size_t{1} << 20;
/// A finished rendition is one file; this leaves room for others' ways.
constexpr std::size_t k_most_files = 16;

/// A name beside the playlist, and no path, query or other address.
bool is_plain_name(std::string_view uri) {
  return !uri.empty() && uri.find_first_of("/?#:%") == std::string_view::npos;
}

}  // namespace

std::optional<PlaylistFiles> playlist_files(std::string_view playlist) {
  if (playlist.size() > k_longest) return std::nullopt;
  const auto parsed = media::m3u8::parse_media_playlist(playlist);
  if (!parsed || !parsed->ended || parsed->type != media::m3u8::PlaylistType::vod)
    return std::nullopt;
  PlaylistFiles files;
  const auto add = [&files](const std::string& uri) {
    if (is_plain_name(uri) && std::ranges::find(files.names, uri) == files.names.end())
      files.names.push_back(uri);
    return files.names.size() <= k_most_files;
  };
  if (parsed->map && !add(parsed->map->uri)) return std::nullopt;
  media::m3u8::Microseconds duration{0};
  for (const media::m3u8::MediaSegment& segment : parsed->segments) {
    if (!add(segment.uri)) return std::nullopt;
    duration += segment.duration;
  }
  files.duration = std::chrono::ceil<Seconds>(duration);
  return files;
}

std::string sign_playlist(std::string_view playlist, const SignedUrls& urls,
                          std::string_view token) {
  return rewrite_uris(playlist, [&](std::string& out, std::string_view uri) {
    if (const auto url = urls.find(uri); url != urls.end()) {
      out += url->second;
    } else if (token.empty()) {
      out += uri;
    } else {
      append_with_token(out, uri, token);
    }
  });
}

}  // namespace shoal::delivery
