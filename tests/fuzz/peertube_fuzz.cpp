#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "media/m3u8/playlist.h"
#include "peertube/adoption.h"
#include "peertube/parse.h"

namespace peertube = shoal::peertube;

namespace {

void check_file(const peertube::OldFile& file) {
  SHOAL_CHECK(!file.name.empty() && !file.name.starts_with('.') && file.size > 0);
  SHOAL_CHECK(file.name.find('/') == std::string::npos);
  SHOAL_CHECK(file.url.starts_with("http://") || file.url.starts_with("https://"));
  const auto print = [](char c) { return c > ' ' && c < 0x7f; };
  SHOAL_CHECK(std::ranges::all_of(file.url, print) && std::ranges::all_of(file.name, print));
}

void check_video(const peertube::OldVideo& video) {
  for (const auto& file : video.hls_files) check_file(file);
  for (const auto& file : video.web_files) check_file(file);
  SHOAL_CHECK(shoal::is_valid_utf8(video.attributes.name) && !video.attributes.name.empty());
  SHOAL_CHECK(shoal::is_valid_utf8(video.attributes.description.value_or("")));
  SHOAL_CHECK(shoal::is_valid_utf8(video.channel.display_name));
  SHOAL_CHECK(video.obstacle.empty() == (!video.hls_files.empty() || !video.web_files.empty()) ||
              !video.obstacle.empty());
}

/// A playlist of a file of a mebibyte: what is to be hashed lies in it, in order.
void check_layout(std::string_view text) {
  const auto playlist = shoal::media::m3u8::parse_media_playlist(text);
  if (!playlist) return;
  peertube::OldFile file;
  file.name = "a.mp4";
  file.size = 1 << 20;
  const auto layout = peertube::layout_of(*playlist, file);
  if (!layout) return;
  std::uint64_t end = layout->head;
  for (const auto& range : layout->ranges) {
    SHOAL_CHECK(range.offset >= end && range.length > 0);
    SHOAL_CHECK(range.length <= file.size && range.offset <= file.size - range.length);
    end = range.offset + range.length;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto video = peertube::parse_video(text)) check_video(*video);
  if (const auto page = peertube::parse_videos(text))
    SHOAL_CHECK(page->entries.size() <= peertube::k_page_size);
  (void)peertube::parse_channels(text).has_value();
  (void)peertube::parse_users(text).has_value();
  (void)peertube::parse_captions(text).has_value();
  (void)peertube::parse_chapters(text).has_value();
  (void)peertube::parse_storyboard(text).has_value();
  (void)peertube::parse_passwords(text).has_value();
  check_layout(text);
  return 0;
}
