#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "catalog/chapters.h"
#include "catalog/ngram.h"

namespace catalog = shoal::catalog;

// A text and a query, parted by the first zero byte.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = input.find('\0');
  const std::string_view text = input.substr(0, cut);
  const std::string_view query = cut == input.npos ? text : input.substr(cut + 1);
  const auto words = catalog::search_words(query);
  SHOAL_CHECK(words.size() <= 64);
  for (const auto& gram : catalog::index_grams(text)) SHOAL_CHECK(shoal::is_valid_utf8(gram));
  SHOAL_CHECK(catalog::query_grams(words, 16).size() <= 16);
  SHOAL_CHECK(catalog::match_score(words, text, {std::string(text.substr(0, 40))}) >= 0);
  // What is written is found by itself.
  const auto own = catalog::search_words(text);
  if (!own.empty()) SHOAL_CHECK(catalog::match_score(own, text, {}) > 0);
  catalog::chapters_in_description(text);
  return 0;
}
