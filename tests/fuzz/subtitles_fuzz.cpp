#include "base/check.h"
#include "media/subtitles.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto cues =
      shoal::media::parse_subtitles(std::string_view(reinterpret_cast<const char*>(data), size));
  if (cues) {
    // What we serve reads back as the same cues: nothing in a cue can open another.
    const std::string text = shoal::media::write_webvtt(*cues);
    const auto again = shoal::media::parse_subtitles(text);
    SHOAL_CHECK(again && again->size() == cues->size());
    SHOAL_CHECK(shoal::media::write_webvtt(*again) == text);
  }
  return 0;
}
