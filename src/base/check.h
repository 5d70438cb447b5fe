#pragma once

#include <string_view>

namespace shoal {

/// Prints the broken assumption and aborts: a bug must not go on to write bytes.
[[noreturn]] void check_failed(std::string_view condition, std::string_view file, int line);

}  // namespace shoal

/// Always on, in release too. For bugs only; what the outside can cause is a Result.
#define SHOAL_CHECK(condition) \
  (static_cast<bool>(condition) ? void() : ::shoal::check_failed(#condition, __FILE__, __LINE__))
