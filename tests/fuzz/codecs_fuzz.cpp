#include "media/codecs.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  (void)shoal::media::codec_string(bytes).has_value();
  (void)shoal::media::decoder_configuration(bytes).has_value();
  return 0;
}
