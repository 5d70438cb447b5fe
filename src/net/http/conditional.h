#pragma once

#include <string_view>

#include "base/clock.h"
#include "net/http/message.h"

namespace shoal::net {

/// What identifies the current representation. `etag` is quoted and strong.
struct Validators {
  std::string_view etag;
  UtcTime modified{};
};

enum class Precondition { proceed, not_modified, failed };

/// RFC 9110 section 13.2.2 for GET and HEAD: If-Match, If-Unmodified-Since, If-None-Match,
/// If-Modified-Since, in this order of precedence. Pure.
Precondition check_preconditions(const Headers& request, const Validators& current);

/// RFC 9110 section 13.1.5: whether a Range may be honoured. True without If-Range.
bool if_range_holds(const Headers& request, const Validators& current);

}  // namespace shoal::net
