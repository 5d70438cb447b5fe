#include "base/check.h"
#include "media/m3u8/playlist.h"

namespace m3u8 = shoal::media::m3u8;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto media = m3u8::parse_media_playlist(text); media && m3u8::check(*media)) {
    // What was read and is fit to publish reads back the same.
    const auto again = m3u8::parse_media_playlist(m3u8::write(*media));
    SHOAL_CHECK(again && again->segments == media->segments && again->map == media->map);
  }
  if (const auto master = m3u8::parse_master_playlist(text)) m3u8::write(*master);
  return 0;
}
