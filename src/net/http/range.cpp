#include "net/http/range.h"

#include <charconv>
#include <ranges>

#include "base/text.h"

namespace shoal::net {
namespace {

/// A position; one past 64 bits counts as the largest. Nothing unless all digits.
std::optional<std::uint64_t> position(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return std::nullopt;
  return error == std::errc::result_out_of_range ? UINT64_MAX : value;
}

std::optional<RangeSpec> parse_one(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  RangeSpec spec;
  if (dash > 0 && !(spec.first = position(text.substr(0, dash)))) return std::nullopt;
  if (dash + 1 < text.size() && !(spec.last = position(text.substr(dash + 1)))) return std::nullopt;
  if (!spec.first && !spec.last) return std::nullopt;
  if (spec.first && spec.last && *spec.last < *spec.first) return std::nullopt;
  return spec;
}

}  // namespace

std::optional<RangeSpecs> parse_range(std::string_view header) {
  const auto equals = header.find('=');
  if (equals == std::string_view::npos || !iequals(trim(header.substr(0, equals)), "bytes"))
    return std::nullopt;
  RangeSpecs specs;
  for (const auto part : std::views::split(header.substr(equals + 1), ',')) {
    const std::string_view text = trim(std::string_view(part));
    if (text.empty()) continue;  // RFC 9110 5.6.1: empty list elements are passed over
    const auto spec = parse_one(text);
    if (!spec || specs.size() == k_max_ranges) return std::nullopt;
    specs.push_back(*spec);
  }
  if (specs.empty()) return std::nullopt;
  return specs;
}

RangeAnswer decide_range(std::optional<std::string_view> header, std::uint64_t size) {
  if (!header) return {};
  const auto specs = parse_range(*header);
  if (!specs || specs->size() > 1) return {};
  const RangeSpec& spec = specs->front();
  if (!spec.first) {
    if (*spec.last == 0 || size == 0) return {RangeOutcome::unsatisfiable, {}};
    return {RangeOutcome::partial, {size - std::min(size, *spec.last), size}};
  }
  if (*spec.first >= size) return {RangeOutcome::unsatisfiable, {}};
  const std::uint64_t end = spec.last && *spec.last < size - 1 ? *spec.last + 1 : size;
  return {RangeOutcome::partial, {*spec.first, end}};
}

}  // namespace shoal::net
