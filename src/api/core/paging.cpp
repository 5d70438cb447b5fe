#include "api/core/paging.h"

#include <algorithm>
#include <limits>

namespace shoal::api {

Page read_page(Fields& query) {
  Page page;
  page.start = query.integer("start", 0, std::numeric_limits<std::int32_t>::max()).value_or(0);
  page.count = query.integer("count", 0, k_max_count, "Should have a number count (max: 100)")
                   .value_or(k_default_count);
  return page;
}

Sort read_sort(Fields& query, std::initializer_list<std::string_view> accepted,
               std::string_view fallback) {
  const auto split = [](std::string_view text) {
    const bool descending = text.starts_with('-');
    return Sort{std::string(text.substr(descending ? 1 : 0)), descending};
  };
  const auto text = query.text("sort", {0, 100, "Invalid value"});
  if (!text || text->empty()) return split(fallback);
  Sort sort = split(*text);
  if (std::ranges::find(accepted, std::string_view(sort.field)) == accepted.end()) {
    query.refuse("sort");
    return split(fallback);
  }
  return sort;
}

}  // namespace shoal::api
