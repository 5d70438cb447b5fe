#include "base/check.h"
#include "media/segments_sha256.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto files = shoal::media::parse_segments_sha256(
      std::string_view(reinterpret_cast<const char*>(data), size));
  if (files) {
    const auto again =
        shoal::media::parse_segments_sha256(shoal::media::write_segments_sha256(*files));
    SHOAL_CHECK(again.has_value());
  }
  return 0;
}
