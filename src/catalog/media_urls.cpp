#include "catalog/media_urls.h"

#include <fmt/format.h>

namespace shoal::catalog {

std::string hls_path(const Uuid& video, std::string_view name, bool open_to_all) {
  return fmt::format("{}{}/{}", open_to_all ? k_hls_prefix : k_private_hls_prefix, video.text(),
                     name);
}

std::string hls_download_path(std::string_view name) {
  return fmt::format("{}{}", k_hls_download_prefix, name);
}
std::string web_video_path(std::string_view name, bool open_to_all) {
  return fmt::format("{}{}", open_to_all ? k_web_video_prefix : k_private_web_video_prefix, name);
}
std::string web_video_download_path(std::string_view name) {
  return fmt::format("{}{}", k_web_video_download_prefix, name);
}
std::string torrent_path(std::string_view name) {
  return fmt::format("{}{}.torrent", k_torrent_prefix, name);
}
std::string torrent_download_path(std::string_view name) {
  return fmt::format("{}{}.torrent", k_torrent_download_prefix, name);
}
std::string thumbnail_path(std::string_view name) {
  return fmt::format("{}{}", k_thumbnail_prefix, name);
}
std::string preview_path(std::string_view name) {
  return fmt::format("{}{}", k_preview_prefix, name);
}
std::string storyboard_path(std::string_view name) {
  return fmt::format("{}{}", k_storyboard_prefix, name);
}
std::string caption_path(std::string_view name) {
  return fmt::format("{}{}", k_caption_prefix, name);
}

std::string running_master_name(const Uuid& video) {
  return video.text() + "-running-master.m3u8";
}

std::string watch_path(const Uuid& video) {
  return "/w/" + video.short_text();
}
std::string embed_path(const Uuid& video) {
  return "/videos/embed/" + video.text();
}
std::string canonical_video_path(const Uuid& video) {
  return "/videos/watch/" + video.text();
}

}  // namespace shoal::catalog
