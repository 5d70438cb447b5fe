#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace shoal::net {

/// A request target in its parts (RFC 9112 section 3.2), as views into it.
struct TargetParts {
  std::string_view path;
  std::string_view query;      ///< without '?'
  std::string_view authority;  ///< of the absolute form only
};

/// Origin form ("/a?b"), absolute form ("http://host/a?b") and "*". Pure. Errors: invalid.
Result<TargetParts> split_target(std::string_view target);

/// Percent-decodes a path into one that starts with '/' and is safe to match and to map to names:
/// refuses (invalid) ".", "..", empty segments, NUL and other control characters, an encoded '/' or
/// '\', and bytes that are not UTF-8. A '/' at the end stays. Pure.
Result<std::string> decode_path(std::string_view path);

}  // namespace shoal::net
