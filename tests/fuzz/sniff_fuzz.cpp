#include "media/sniff.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  (void)shoal::media::sniff_media(bytes).has_value();
  (void)shoal::media::sniff_image(bytes).has_value();
  return 0;
}
