#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "api/core/fields.h"

namespace shoal::api {

inline constexpr std::int64_t k_default_count = 15;
inline constexpr std::int64_t k_max_count = 100;

struct Page {
  std::int64_t start = 0;
  std::int64_t count = k_default_count;
};

struct Sort {
  std::string field;
  bool descending = false;
};

/// `start` (0 …) and `count` (0 … 100) of a list; refused ones are noted in `query`.
Page read_page(Fields& query);
/// `sort=field` or `sort=-field`; `fallback` is written the same way.
Sort read_sort(Fields& query, std::initializer_list<std::string_view> accepted,
               std::string_view fallback);

}  // namespace shoal::api
