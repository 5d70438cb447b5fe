#include "processing/commands.h"
#include "processing/packaging.h"
#include "processing/plan.h"

namespace processing = shoal::processing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)processing::parse_audio_manifest(text).has_value();
  (void)processing::parse_plan(text).has_value();
  return 0;
}
