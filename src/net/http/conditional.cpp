#include "net/http/conditional.h"

#include "base/text.h"

namespace shoal::net {
namespace {

UtcTime whole_seconds(UtcTime time) {
  return std::chrono::floor<Seconds>(time);
}

/// Entity tags hold no comma here (ours are hex), so a list can be cut at commas. `weak` ignores
/// W/.
bool lists_tag(std::string_view header, std::string_view etag, bool weak) {
  for (std::string_view item : split(header, ',')) {
    item = trim(item);
    if (item == "*") return true;
    if (weak && item.starts_with("W/")) item.remove_prefix(2);
    if (item == etag) return true;
  }
  return false;
}

}  // namespace

Precondition check_preconditions(const Headers& request, const Validators& current) {
  if (const auto tags = request.find("If-Match")) {
    if (!lists_tag(*tags, current.etag, false)) return Precondition::failed;
  } else if (const auto since = request.find("If-Unmodified-Since")) {
    const auto time = parse_http_date(*since);
    if (time && whole_seconds(current.modified) > *time) return Precondition::failed;
  }
  if (const auto tags = request.find("If-None-Match"))
    return lists_tag(*tags, current.etag, true) ? Precondition::not_modified
                                                : Precondition::proceed;
  if (const auto since = request.find("If-Modified-Since")) {
    const auto time = parse_http_date(*since);
    if (time && whole_seconds(current.modified) <= *time) return Precondition::not_modified;
  }
  return Precondition::proceed;
}

bool if_range_holds(const Headers& request, const Validators& current) {
  const auto value = request.find("If-Range");
  if (!value) return true;
  if (value->starts_with('"')) return *value == current.etag;
  const auto time = parse_http_date(*value);
  return time && whole_seconds(current.modified) == *time;
}

}  // namespace shoal::net
