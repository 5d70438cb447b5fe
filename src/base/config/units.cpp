#include "base/config/units.h"

#include <array>
#include <cctype>
#include <limits>

#include "base/text.h"

namespace shoal::config {
namespace {

constexpr std::int64_t k_max = std::numeric_limits<std::int64_t>::max();

/// Takes digits from the front of `text`. Nothing when there are none or too many.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  const auto number = parse_int(text.substr(0, digits));
  text.remove_prefix(digits);
  return number;
}

/// Takes letters, after blanks, from the front of `text`; in lower case.
std::string take_word(std::string_view& text) {
  text = trim(text);
  std::size_t letters = 0;
  while (letters < text.size() && std::isalpha(static_cast<unsigned char>(text[letters])) != 0)
    ++letters;
  auto word = to_lower_ascii(text.substr(0, letters));
  text = trim(text.substr(letters));
  return word;
}

std::optional<std::int64_t> multiply(std::int64_t count, std::int64_t unit) {
  if (count > k_max / unit) return std::nullopt;
  return count * unit;
}

struct DurationUnit {
  std::string_view name;
  std::int64_t milliseconds;
};
// The largest first: what format_duration says. The short spellings are only read.
constexpr std::array k_durations{
    DurationUnit{"day", 86'400'000}, DurationUnit{"hour", 3'600'000},
    DurationUnit{"minute", 60'000},  DurationUnit{"second", 1'000},
    DurationUnit{"millisecond", 1},  DurationUnit{"week", 604'800'000},
    DurationUnit{"d", 86'400'000},   DurationUnit{"h", 3'600'000},
    DurationUnit{"min", 60'000},     DurationUnit{"m", 60'000},
    DurationUnit{"sec", 1'000},      DurationUnit{"s", 1'000},
    DurationUnit{"ms", 1},           DurationUnit{"w", 604'800'000},
};
constexpr std::size_t k_spoken_durations = 5;

std::optional<std::int64_t> duration_unit(std::string_view word) {
  for (const auto& unit : k_durations) {
    if (word == unit.name || (word.size() == unit.name.size() + 1 && unit.name.size() > 2 &&
                              word.starts_with(unit.name) && word.back() == 's'))
      return unit.milliseconds;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ByteCount> parse_bytes(std::string_view text) {
  text = trim(text);
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  std::string unit = take_word(text);
  if (!text.empty()) return std::nullopt;
  if (unit.size() == 3 && unit[1] == 'i') unit.erase(1, 1);
  std::int64_t shift = 0;
  if (unit == "kb") {
    shift = 10;
  } else if (unit == "mb") {
    shift = 20;
  } else if (unit == "gb") {
    shift = 30;
  } else if (unit == "tb") {
    shift = 40;
  } else if (!unit.empty() && unit != "b") {
    return std::nullopt;
  }
  const auto bytes = multiply(*number, std::int64_t{1} << shift);
  if (!bytes) return std::nullopt;
  return ByteCount{static_cast<std::uint64_t>(*bytes)};
}

std::string format_bytes(ByteCount bytes) {
  constexpr std::array<std::string_view, 5> units{"B", "KB", "MB", "GB", "TB"};
  std::uint64_t value = bytes.value;
  std::size_t unit = 0;
  while (unit + 1 < units.size() && value != 0 && value % 1024 == 0) {
    value /= 1024;
    ++unit;
  }
  return std::to_string(value) + std::string(units[unit]);
}

std::optional<Milliseconds> parse_duration(std::string_view text) {
  text = trim(text);
  if (const auto bare = parse_int(text); bare && *bare >= 0) return Milliseconds{*bare};
  std::int64_t total = 0;
  do {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const auto unit = duration_unit(take_word(text));
    if (!unit) return std::nullopt;
    const auto part = multiply(*number, *unit);
    if (!part || *part > k_max - total) return std::nullopt;
    total += *part;
  } while (!text.empty());
  return Milliseconds{total};
}

std::string format_duration(Milliseconds duration) {
  for (std::size_t i = 0; i < k_spoken_durations; ++i) {
    const auto& unit = k_durations[i];
    if (duration.count() == 0 || duration.count() % unit.milliseconds != 0) continue;
    const auto count = duration.count() / unit.milliseconds;
    return std::to_string(count) + " " + std::string(unit.name) + (count == 1 ? "" : "s");
  }
  return "0 seconds";
}

}  // namespace shoal::config
