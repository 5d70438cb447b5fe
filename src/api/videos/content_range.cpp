#include "api/videos/content_range.h"

#include <charconv>

namespace shoal::api {
namespace {

constexpr std::uint64_t k_most = std::uint64_t{1} << 62;

/// Digits only, as RFC 9110 has them.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data() || number > k_most) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, std::string_view literal) {
  if (!text.starts_with(literal)) return false;
  text.remove_prefix(literal.size());
  return true;
}

std::optional<ContentRange> parse(std::string_view text) {
  ContentRange range;
  if (!take(text, "bytes ")) return std::nullopt;
  if (!take(text, "*")) {
    const auto first = take_number(text);
    if (!first || !take(text, "-")) return std::nullopt;
    const auto last = take_number(text);
    if (!last || *last < *first) return std::nullopt;
    range.start = *first;
    range.length = *last - *first + 1;
  }
  if (!take(text, "/")) return std::nullopt;
  const auto total = take_number(text);
  if (!total || !text.empty()) return std::nullopt;
  range.total = *total;
  return range;
}

}  // namespace

Result<ContentRange> parse_content_range(std::optional<std::string_view> header,
                                         std::optional<std::uint64_t> body_length,
                                         std::uint64_t announced) {
  if (!header) {
    if (body_length.value_or(announced) != announced)
      return fail(ErrorCode::invalid, "Content-Range is missing: bytes first-last/total");
    return ContentRange{.start = 0, .length = announced, .total = announced};
  }
  const auto range = parse(*header);
  if (!range) {
    return fail(ErrorCode::invalid,
                "Content-Range should be bytes first-last/total, or bytes */total to ask");
  }
  if (range->length > 0 && body_length && *body_length != range->length)
    return fail(ErrorCode::invalid, "Content-Range and Content-Length disagree");
  return *range;
}

}  // namespace shoal::api
