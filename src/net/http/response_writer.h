#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/http/message.h"

namespace shoal::net {

/// RFC 9110 section 15; "Unknown" for codes it does not name.
std::string_view reason_phrase(int status);

/// What the server itself adds to a head.
struct HeadAdditions {
  std::string_view date;
  std::string_view request_id;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool close = false;
  /// An HTTP/1.0 client that asked for it is told so.
  bool keep_alive = false;
  /// A handler's own Content-Length stands: the answer to HEAD, or 304.
  bool keep_content_length = false;
  /// 101: what follows is of the protocol that the handler's Upgrade names (RFC 9110 section 7.8).
  bool upgrade = false;
};

/// Appends status line, fields and the empty line. The handler's fields about framing are replaced;
/// CR, LF and NUL in a value become spaces, so no value can begin another field. Pure.
void append_head(std::string& out, const Response& response, const HeadAdditions& additions);

/// An RFC 7807 answer for what the server itself refuses.
Response problem(int status, std::string_view detail);

}  // namespace shoal::net
