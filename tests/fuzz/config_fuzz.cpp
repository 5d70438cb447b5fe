#include "app/config/load.h"
#include "base/check.h"

// A configuration file: whatever it holds, what `show` prints of the result reads back to the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto loaded = shoal::app::load_config(text, "shoal.yaml", {});
  for (const auto& problem : loaded.problems) SHOAL_CHECK(!problem.message.empty());
  const auto shown = shoal::app::show_config(loaded.config);
  const auto again = shoal::app::load_config(shown, "shown", {});
  SHOAL_CHECK(shoal::app::show_config(again.config) == shown);
  return 0;
}
