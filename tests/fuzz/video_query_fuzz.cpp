#include <cstdint>
#include <string_view>

#include "api/videos/content_range.h"
#include "api/videos/video_query.h"
#include "base/check.h"

namespace api = shoal::api;

// A query string as the server passes it on; the filter that comes of it must make a statement.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto range = api::parse_content_range(text, std::nullopt, 1000))
    SHOAL_CHECK(range->length == 0 || range->start + range->length > range->start);
  const auto parameters = shoal::net::Parameters::parse(text);
  if (!parameters) return 0;
  api::Caller moderator;
  moderator.user.emplace();
  moderator.user->role = shoal::catalog::Role::moderator;
  for (const api::Caller& caller : {api::Caller(), moderator}) {
    const auto query = api::parse_video_query(*parameters, caller, "localhost:9000",
                                              {.searchable_by_match = true});
    if (!query) continue;
    SHOAL_CHECK(query->range.count >= 0 && query->range.count <= 100 && query->range.start >= 0);
    const auto statement = shoal::catalog::page_statement(query->filter, query->sort, query->range);
    SHOAL_CHECK(!statement.sql.empty() && statement.arguments.size() < 2000);
    SHOAL_CHECK(query->filter.key() == query->filter.key());
  }
  return 0;
}
