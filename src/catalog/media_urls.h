#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"

namespace shoal::catalog {

// Where media are served, as PeerTube's clients and partners know it. The one place that joins a
// file's name to a path; delivery registers the same prefixes. All paths start with '/'; names are
// URL-safe as media_file.name always is.

inline constexpr std::string_view k_hls_prefix = "/static/streaming-playlists/hls/";
inline constexpr std::string_view k_private_hls_prefix = "/static/streaming-playlists/hls/private/";
inline constexpr std::string_view k_hls_download_prefix =
    "/download/streaming-playlists/hls/videos/";
/// Whole files that are no rendition: the source of a video while its renditions are made.
inline constexpr std::string_view k_web_video_prefix = "/static/web-videos/";
inline constexpr std::string_view k_private_web_video_prefix = "/static/web-videos/private/";
inline constexpr std::string_view k_web_video_download_prefix = "/download/web-videos/";
inline constexpr std::string_view k_torrent_prefix = "/lazy-static/torrents/";
inline constexpr std::string_view k_torrent_download_prefix = "/download/torrents/";
inline constexpr std::string_view k_thumbnail_prefix = "/lazy-static/thumbnails/";
inline constexpr std::string_view k_preview_prefix = "/lazy-static/previews/";
inline constexpr std::string_view k_storyboard_prefix = "/lazy-static/storyboards/";
inline constexpr std::string_view k_caption_prefix = "/lazy-static/video-captions/";

/// A playlist, media file or hash file of a video. `open_to_all`: its privacy needs no token
/// (public and unlisted).
std::string hls_path(const Uuid& video, std::string_view name, bool open_to_all);
std::string hls_download_path(std::string_view name);
std::string web_video_path(std::string_view name, bool open_to_all);
std::string web_video_download_path(std::string_view name);
std::string torrent_path(std::string_view name);
std::string torrent_download_path(std::string_view name);
std::string thumbnail_path(std::string_view name);
std::string preview_path(std::string_view name);
std::string storyboard_path(std::string_view name);
std::string caption_path(std::string_view name);

/// The master playlist of a video while its work is running: the only names that are not files.
std::string running_master_name(const Uuid& video);

std::string watch_path(const Uuid& video);
std::string embed_path(const Uuid& video);
/// The form in `url` of PeerTube's video objects, and of the federated id.
std::string canonical_video_path(const Uuid& video);

}  // namespace shoal::catalog
