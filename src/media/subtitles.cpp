#include "media/subtitles.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/text.h"

namespace shoal::media {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t k_longest_annotation = 100;

std::string as_utf8(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::string out;
  if (is_valid_utf8(text)) {
    out = text;
  } else {
    for (const char c : text) {
      if (c != '\0') append_utf8(out, static_cast<unsigned char>(c));
    }
  }
  return out;
}

/// Lines without their ends, CR LF, CR and LF alike; bounded by the text.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.size(), text.find_first_of("\r\n"));
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
    if (text.starts_with("\r\n")) {
      text.remove_prefix(2);
    } else if (!text.empty()) {
      text.remove_prefix(1);
    }
  }
  return lines;
}

/// Digits, at most nine of them.
std::optional<int> take_number(std::string_view& text) {
  const auto length = std::min(text.size(), text.find_first_not_of("0123456789"));
  if (length == 0 || length > 9) return std::nullopt;
  const std::string_view digits = text.substr(0, length);
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  text.remove_prefix(length);
  return value;
}

bool take(std::string_view& text, std::string_view token) {
  if (!text.starts_with(token)) return false;
  text.remove_prefix(token.size());
  return true;
}

/// [hours:]minutes:seconds(.|,)milliseconds
std::optional<milliseconds> take_time(std::string_view& text) {
  std::array<int, 3> parts{};
  std::size_t count = 0;
  while (count < 3) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    parts.at(count++) = *number;
    if (!take(text, ":")) break;
  }
  if (count < 2) return std::nullopt;
  milliseconds fraction{0};
  if (take(text, ".") || take(text, ",")) {
    const std::size_t before = text.size();
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const std::size_t digits = before - text.size();
    if (digits > 3) return std::nullopt;
    fraction = milliseconds(*number * (digits == 1 ? 100 : digits == 2 ? 10 : 1));
  }
  std::int64_t seconds = 0;
  for (std::size_t i = 0; i < count; ++i) seconds = seconds * 60 + parts.at(i);
  if (seconds > 1'000'000) return std::nullopt;
  return milliseconds(seconds * 1000) + fraction;
}

struct Timing {
  milliseconds start{0};
  milliseconds end{0};
  std::string settings;
};

/// Keeps `name:value` pairs that place a cue; nothing that refers to a region.
std::string clean_settings(std::string_view text) {
  constexpr std::array<std::string_view, 5> k_names{"align", "line", "position", "size",
                                                    "vertical"};
  std::string kept;
  for (const std::string_view setting : split(text, ' ')) {
    const auto colon = setting.find(':');
    if (colon == setting.npos || setting.size() > 40) continue;
    const std::string_view value = setting.substr(colon + 1);
    const bool plain = !value.empty() && std::ranges::all_of(value, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '%' || c == '.' || c == ',' ||
             c == '-';
    });
    if (!plain || std::ranges::find(k_names, setting.substr(0, colon)) == k_names.end()) continue;
    if (!kept.empty()) kept += ' ';
    kept += setting;
  }
  return kept;
}

std::optional<Timing> parse_timing(std::string_view line) {
  line = trim(line);
  Timing timing;
  const auto start = take_time(line);
  if (!start) return std::nullopt;
  line = trim(line);
  if (!take(line, "-->")) return std::nullopt;
  line = trim(line);
  const auto end = take_time(line);
  if (!end) return std::nullopt;
  timing.start = *start;
  timing.end = *end;
  timing.settings = clean_settings(trim(line));
  return timing;
}

/// At most `limit` bytes of valid UTF-8, no character of it cut.
std::string_view first_bytes(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while ((static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit);
}

/// What may stand between < and >: b, i, u, c, v, lang, ruby, rt, with classes and for v and lang a
/// word; or a time. Gives the tag as it may be written, empty when it is dropped.
std::string clean_tag(std::string_view tag) {
  constexpr std::array<std::string_view, 8> k_tags{"b", "i", "u", "c", "v", "lang", "ruby", "rt"};
  const bool closes = take(tag, "/");
  const std::string name =
      to_lower_ascii(tag.substr(0, std::min(tag.size(), tag.find_first_of(" .\t"))));
  if (std::ranges::find(k_tags, name) == k_tags.end()) return {};
  if (closes) return fmt::format("</{}>", name);
  std::string words;
  if (const auto space = tag.find(' '); space != tag.npos && (name == "v" || name == "lang")) {
    for (const char c : tag.substr(space + 1)) {
      if (c != '<' && c != '>' && c != '&' && static_cast<unsigned char>(c) >= 0x20) words += c;
    }
  }
  const std::string_view annotation = trim(first_bytes(trim(words), k_longest_annotation));
  return annotation.empty() ? fmt::format("<{}>", name) : fmt::format("<{} {}>", name, annotation);
}

/// The entity at the start of `text` ("&amp;"), or nothing.
std::optional<std::string_view> entity(std::string_view text) {
  for (const std::string_view known : {"&amp;", "&lt;", "&gt;", "&nbsp;", "&lrm;", "&rlm;"}) {
    if (text.starts_with(known)) return known;
  }
  return std::nullopt;
}

/// Finds where a tag ends, each byte looked at once however many tags are opened and never closed.
class TagEnds {
 public:
  explicit TagEnds(std::string_view text) : text_(text) {}

  /// The '>' behind `at` in its line; nothing when the line has none. `at` never goes back.
  std::optional<std::size_t> behind(std::size_t at) {
    if (next_ <= at) next_ = std::min(text_.find_first_of(">\n", at + 1), text_.size());
    if (next_ == text_.size() || text_[next_] == '\n') return std::nullopt;
    return next_;
  }

 private:
  std::string_view text_;
  std::size_t next_ = 0;
};

/// Cue text in which only known tags and entities mean something.
std::string clean_text(const std::string_view whole) {
  std::string out;
  TagEnds tag_ends(whole);
  std::string_view text = whole;
  while (!text.empty()) {
    const char c = text.front();
    if (c == '<') {
      const std::size_t at = whole.size() - text.size();
      if (const auto end = tag_ends.behind(at)) {
        out += clean_tag(whole.substr(at + 1, *end - at - 1));
        text = whole.substr(*end + 1);
        continue;
      }
      out += "&lt;";
    } else if (c == '&') {
      if (const auto known = entity(text)) {
        out += *known;
        text.remove_prefix(known->size());
        continue;
      }
      out += "&amp;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '\\' && out.ends_with('{')) {
      // SubStation overrides, "{\an8}", that found their way into SubRip.
      out.pop_back();
      const auto end = text.find('}');
      text.remove_prefix(end == text.npos ? text.size() : end + 1);
      continue;
    } else if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') {
      out += c;
    }
    text.remove_prefix(1);
  }
  return out;
}

/// The text block that begins at `at`, which is left behind it.
std::string take_block(const std::vector<std::string_view>& lines, std::size_t& at,
                       std::size_t limit) {
  std::string text;
  for (; at < lines.size() && !trim(lines[at]).empty(); ++at) {
    // SubRip files without blank lines: a timing, and the number before it, begin the next cue.
    if (parse_timing(lines[at])) break;
    if (at + 1 < lines.size() && parse_int(trim(lines[at])) && parse_timing(lines[at + 1])) break;
    if (text.size() + lines[at].size() > limit) continue;
    if (!text.empty()) text += '\n';
    text += lines[at];
  }
  return text;
}

bool is_block_to_skip(std::string_view line) {
  return line == "STYLE" || line == "REGION" || line.starts_with("NOTE") ||
         line.starts_with("STYLE ") || line.starts_with("REGION ");
}

/// Cues of one start stay in their order. (std::stable_sort is deprecated API inside libstdc++ 12.)
std::vector<Cue> sorted_by_start(std::vector<Cue> cues) {
  std::vector<std::pair<milliseconds, std::size_t>> order;
  order.reserve(cues.size());
  for (std::size_t i = 0; i < cues.size(); ++i) order.emplace_back(cues[i].start, i);
  std::ranges::sort(order);
  std::vector<Cue> sorted;
  sorted.reserve(cues.size());
  for (const auto& [start, index] : order) sorted.push_back(std::move(cues[index]));
  return sorted;
}

std::string time_text(milliseconds time) {
  const auto total = time.count();
  return fmt::format("{:02}:{:02}:{:02}.{:03}", total / 3'600'000, total / 60'000 % 60,
                     total / 1000 % 60, total % 1000);
}

}  // namespace

Result<std::vector<Cue>> parse_subtitles(std::string_view source, const SubtitleLimits& limits) {
  if (source.size() > limits.bytes) {
    return fail(ErrorCode::too_large,
                fmt::format("The captions are larger than {} KiB.", limits.bytes / 1024));
  }
  const std::string text = as_utf8(source);
  const auto lines = lines_of(text);
  std::vector<Cue> cues;
  for (std::size_t at = 0; at < lines.size();) {
    if (is_block_to_skip(trim(lines[at]))) {
      while (at < lines.size() && !trim(lines[at]).empty()) ++at;
      continue;
    }
    const auto timing = parse_timing(lines[at++]);
    if (!timing) continue;
    Cue cue{timing->start, timing->end, clean_text(take_block(lines, at, limits.text)),
            timing->settings};
    if (cue.end <= cue.start || trim(cue.text).empty()) continue;
    if (cues.size() == limits.cues) {
      return fail(ErrorCode::too_large, "The captions have too many lines.");
    }
    cues.push_back(std::move(cue));
  }
  if (cues.empty()) {
    return fail(ErrorCode::invalid, "The captions are neither WebVTT nor SubRip, or have no text.");
  }
  return sorted_by_start(std::move(cues));
}

std::string write_webvtt(const std::vector<Cue>& cues) {
  std::string out = "WEBVTT\n";
  for (const Cue& cue : cues) {
    out += fmt::format("\n{} --> {}", time_text(cue.start), time_text(cue.end));
    if (!cue.settings.empty()) out += fmt::format(" {}", cue.settings);
    out += '\n';
    for (const std::string_view line : split(cue.text, '\n')) {
      if (trim(line).empty()) continue;  // a blank line would end the cue
      out += fmt::format("{}\n", line);
    }
  }
  return out;
}

}  // namespace shoal::media
