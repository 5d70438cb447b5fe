#include "runners/assignment.h"
#include "runners/tokens.h"

namespace runners = shoal::runners;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)runners::parse_offers(text).size();
  (void)runners::parse_assignment(text).has_value();
  (void)runners::parse_result_urls(text).has_value();
  (void)runners::resolution_of_field(text).has_value();
  (void)runners::job_of(text).has_value();
  const runners::JobTokens tokens("a secret of thirty-two bytes or so");
  // Nobody signed it.
  if (tokens.verify(text, shoal::JobId{7}, runners::RunnerId{3})) __builtin_trap();
  return 0;
}
