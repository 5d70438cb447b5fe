#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace shoal::catalog {

/// What a video or a caption may be in. Codes are ISO 639-1 or -3, labels English.
struct Language {
  std::string_view code;
  std::string_view label;
};

std::span<const Language> languages();
/// Nothing for a code that is not in the list.
std::optional<std::string_view> language_label(std::string_view code);

}  // namespace shoal::catalog
