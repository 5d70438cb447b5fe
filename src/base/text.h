#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace shoal {

std::string to_hex(std::span<const std::byte> bytes);
/// False unless `text` is exactly twice as long as `out` and all hex.
bool from_hex(std::string_view text, std::span<std::byte> out);

/// RFC 4648 section 5 (URL and file name safe), without padding.
std::string to_base64url(std::span<const std::byte> bytes);
std::optional<std::vector<std::byte>> from_base64url(std::string_view text);

/// Well-formed UTF-8 (RFC 3629): no surrogates, no overlong forms, no NUL.
bool is_valid_utf8(std::string_view text);
/// Code points of valid UTF-8.
std::u32string to_code_points(std::string_view utf8);
void append_utf8(std::string& out, char32_t code_point);
/// How many code points valid UTF-8 holds.
std::size_t utf8_length(std::string_view text);

std::string_view trim(std::string_view text);
bool iequals(std::string_view a, std::string_view b);
std::string to_lower_ascii(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);

/// The whole of `text` as a decimal integer, or nothing.
std::optional<std::int64_t> parse_int(std::string_view text);

/// Escapes & < > " ' for HTML and XML text and attribute values.
std::string escape_html(std::string_view text);
/// RFC 3986 percent-encoding of everything outside unreserved characters.
std::string url_encode(std::string_view text);
/// Percent-decoding; nothing on a broken escape. `plus_is_space` for form bodies and queries.
std::optional<std::string> url_decode(std::string_view text, bool plus_is_space = false);

/// ISO 8601 with milliseconds and Z, as JavaScript's toISOString.
std::string to_iso8601(UtcTime time);
std::optional<UtcTime> parse_iso8601(std::string_view text);
/// IMF-fixdate of RFC 9110 section 5.6.7.
std::string to_http_date(UtcTime time);
std::optional<UtcTime> parse_http_date(std::string_view text);

/// Levenshtein distance, for "did you mean".
std::size_t edit_distance(std::string_view a, std::string_view b);

/// Equal length and content in time that does not depend on where they differ.
bool constant_time_equals(std::string_view a, std::string_view b);

}  // namespace shoal
