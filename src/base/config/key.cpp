#include "base/config/key.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/config/document.h"
#include "base/config/units.h"
#include "base/text.h"

namespace shoal::config {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

/// A YAML scalar: single quotes whenever plain text could be read as something else.
std::string quote(std::string_view text) {
  const bool has_control =
      std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  std::string out;
  if (!has_control) {
    out = "'";
    for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
    return out + "'";
  }
  out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string format_bound(const Key& key, std::int64_t bound) {
  if (std::holds_alternative<Milliseconds*>(key.target))
    return format_duration(Milliseconds{bound});
  if (std::holds_alternative<ByteCount*>(key.target) || std::holds_alternative<Quota*>(key.target))
    return format_bytes(ByteCount{static_cast<std::uint64_t>(bound)});
  return std::to_string(bound);
}

}  // namespace

const Key* Schema::find(std::string_view path) const {
  const auto found = std::ranges::find(keys_, path, &Key::path);
  return found == keys_.end() ? nullptr : &*found;
}

bool Schema::has_section(std::string_view path) const {
  return std::ranges::find(named_sections_, path) != named_sections_.end() ||
         std::ranges::any_of(keys_, [&](const Key& key) {
           return key.path.size() > path.size() && is_at_or_below(key.path, path);
         });
}

std::string Schema::nearest(std::string_view path) const {
  // A third of the letters may be wrong; or the last part is right and the section is not. Of what
  // is as near, what has fewer letters wrong in all.
  using Distance = std::pair<std::size_t, std::size_t>;
  Distance best{std::max<std::size_t>(2, path.size() / 3) + 1, 0};
  std::string answer;
  const auto leaf = path.substr(path.rfind('.') + 1);
  // At least as many letters are wrong as one is longer: most keys need no closer look.
  const auto may_be_nearer = [&](std::string_view other) {
    return std::max(path.size(), other.size()) - std::min(path.size(), other.size()) <= best.first;
  };
  for (const auto& key : keys_) {
    const bool same_leaf = leaf.size() > 3 && key.path.size() > leaf.size() &&
                           key.path.ends_with(leaf) &&
                           key.path[key.path.size() - leaf.size() - 1] == '.';
    if (same_leaf || may_be_nearer(key.path)) {
      const std::size_t letters = edit_distance(path, key.path);
      const Distance distance(same_leaf ? std::min<std::size_t>(letters, 1) : letters, letters);
      if (distance < best) {
        best = distance;
        answer = key.path;
      }
    }
    // The unknown thing may be a whole section: try each section's name too, after the keys.
    const auto section = std::string_view(key.path).substr(0, key.path.rfind('.'));
    if (!may_be_nearer(section)) continue;
    const std::size_t there = edit_distance(path, section);
    if (const Distance last(there, std::string::npos); last < best) {
      best = last;
      answer = std::string(section);
    }
  }
  // Below a misspelt name of a section of named sections, the administrator's names are right.
  const auto head = path.substr(0, path.find('.'));
  for (const auto& section : named_sections_) {
    const std::size_t letters = edit_distance(head, section);
    if (letters > 0 && letters <= 2 && Distance(letters, letters) < best &&
        std::ranges::count(path, '.') > 1)
      answer = fmt::format("{}{}", section, path.substr(head.size()));
  }
  return answer;
}

std::string_view Schema::why_foreign(std::string_view path) const {
  for (const auto& [prefix, why] : foreign_)
    if (is_at_or_below(path, prefix)) return why;
  return {};
}

bool Schema::is_without_effect(std::string_view path) const {
  return std::ranges::any_of(
      without_effect_, [&](const Remark& remark) { return is_at_or_below(path, remark.path); });
}

std::string_view type_name(const Target& target) {
  return std::visit(Overloaded{
                        [](const bool*) { return "true or false"; },
                        [](const std::int64_t*) { return "whole number"; },
                        [](const std::string*) { return "text"; },
                        [](const std::vector<std::string>*) { return "list of texts"; },
                        [](const ByteCount*) { return "size"; },
                        [](const Quota*) { return "size, or -1 for no limit"; },
                        [](const Milliseconds*) { return "duration"; },
                    },
                    target);
}

std::string expectation(const Key& key) {
  if (!key.choices.empty()) {
    const bool list = std::holds_alternative<std::vector<std::string>*>(key.target);
    return fmt::format("{}{}", list ? "a list of " : "one of ", fmt::join(key.choices, ", "));
  }
  std::string out =
      std::visit(Overloaded{
                     [](const bool*) { return "true or false"; },
                     [](const std::int64_t*) { return "a whole number"; },
                     [](const std::string*) { return "a text"; },
                     [](const std::vector<std::string>*) { return "a list of texts"; },
                     [](const ByteCount*) { return "a size such as 10GB"; },
                     [](const Quota*) { return "a size such as 10GB, or -1 (no limit)"; },
                     [](const Milliseconds*) { return "a duration such as 5 minutes"; },
                 },
                 key.target);
  if (key.min != INT64_MIN && key.max != INT64_MAX)
    out += fmt::format(", from {} to {}", format_bound(key, key.min), format_bound(key, key.max));
  else if (key.min != INT64_MIN)
    out += fmt::format(", at least {}", format_bound(key, key.min));
  return out;
}

std::string format_value(const Key& key) {
  return std::visit(
      Overloaded{
          [](const bool* value) -> std::string { return *value ? "true" : "false"; },
          [](const std::int64_t* value) { return std::to_string(*value); },
          [](const std::string* value) { return quote(*value); },
          [](const std::vector<std::string>* value) {
            std::vector<std::string> items;
            for (const auto& item : *value) items.push_back(quote(item));
            return fmt::format("[{}]", fmt::join(items, ", "));
          },
          [](const ByteCount* value) { return format_bytes(*value); },
          [](const Quota* value) {
            return value->bytes < 0
                       ? std::string("-1")
                       : format_bytes(ByteCount{static_cast<std::uint64_t>(value->bytes)});
          },
          [](const Milliseconds* value) { return format_duration(*value); },
      },
      key.target);
}

}  // namespace shoal::config
