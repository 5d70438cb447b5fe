#pragma once

#include <string>
#include <string_view>

#include "base/text.h"

namespace shoal::catalog {

/// `%text%` in lower case for `like … escape '\'`, with what is special in `text` escaped.
inline std::string like_pattern(std::string_view text) {
  std::string pattern = "%";
  for (const char c : to_lower_ascii(text)) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + '%';
}

}  // namespace shoal::catalog
