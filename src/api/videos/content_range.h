#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace shoal::api {

/// The part of an upload that a request brings. length 0: it only asks how far the upload is.
struct ContentRange {
  std::uint64_t start = 0;
  std::uint64_t length = 0;
  std::uint64_t total = 0;
  friend bool operator==(const ContentRange&, const ContentRange&) = default;
};

/// `bytes a-b/total` or `bytes */total` (RFC 9110 section 14.4, without its unknown total). Without
/// a header the body is the whole: `body_length` must then be `announced`. Errors: invalid, also
/// when the body is known to be of another length. Pure: fuzzed.
Result<ContentRange> parse_content_range(std::optional<std::string_view> header,
                                         std::optional<std::uint64_t> body_length,
                                         std::uint64_t announced);

}  // namespace shoal::api
