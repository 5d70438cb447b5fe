#include "base/config/apply.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/config/units.h"
#include "base/text.h"

namespace shoal::config {
namespace {

/// What stands in a message for a value: short, and nothing of a secret.
std::string quoted(const Key& key, std::string_view value) {
  if (key.is_secret) return "the value";
  constexpr std::size_t k_longest = 40;
  if (value.size() <= k_longest) return fmt::format("'{}'", value);
  auto end = k_longest;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) --end;
  return fmt::format("'{}…'", value.substr(0, end));
}

std::string refuse(const Key& key, std::string_view value) {
  return fmt::format("{} does not fit; give {}", quoted(key, value), expectation(key));
}

bool in_range(const Key& key, std::int64_t value) {
  return value >= key.min && value <= key.max;
}

bool is_choice(const Key& key, const std::string& value) {
  return key.choices.empty() || std::ranges::find(key.choices, value) != key.choices.end();
}

std::string set_one(const Key& key, bool* target, const std::string& value) {
  const auto word = to_lower_ascii(value);
  if (word == "true" || word == "yes" || word == "on" || word == "1") {
    *target = true;
  } else if (word == "false" || word == "no" || word == "off" || word == "0") {
    *target = false;
  } else {
    return refuse(key, value);
  }
  return {};
}

std::string set_one(const Key& key, std::int64_t* target, const std::string& value) {
  const auto number = parse_int(value);
  if (!number || !in_range(key, *number)) return refuse(key, value);
  *target = *number;
  return {};
}

std::string set_one(const Key& key, ByteCount* target, const std::string& value) {
  const auto bytes = parse_bytes(value);
  if (!bytes || !in_range(key, static_cast<std::int64_t>(bytes->value))) return refuse(key, value);
  *target = *bytes;
  return {};
}

std::string set_one(const Key& key, Quota* target, const std::string& value) {
  if (trim(value) == "-1") {
    *target = Quota{};
    return {};
  }
  ByteCount bytes;
  if (auto wrong = set_one(key, &bytes, value); !wrong.empty()) return wrong;
  target->bytes = static_cast<std::int64_t>(bytes.value);
  return {};
}

std::string set_one(const Key& key, Milliseconds* target, const std::string& value) {
  const auto duration = parse_duration(value);
  if (!duration || !in_range(key, duration->count())) return refuse(key, value);
  *target = *duration;
  return {};
}

std::string check_text(const Key& key, const std::string& value) {
  if (!is_valid_utf8(value)) return "is not UTF-8 text";
  if (!is_choice(key, value)) return refuse(key, value);
  if (key.check == nullptr) return {};
  const auto wrong = key.check(value);
  return wrong.empty() ? wrong : fmt::format("{} {}", quoted(key, value), wrong);
}

std::string set_one(const Key& key, std::string* target, const std::string& value) {
  if (auto wrong = check_text(key, value); !wrong.empty()) return wrong;
  *target = value;
  return {};
}

std::string set_list(const Key& key, std::vector<std::string>& target,
                     const std::vector<std::string>& values, bool is_list) {
  std::vector<std::string> items;
  if (is_list) {
    items = values;
  } else {  // one text: as many items as commas divide it into
    for (const auto part : split(values.front(), ','))
      if (const auto item = trim(part); !item.empty()) items.emplace_back(item);
  }
  for (const auto& item : items)
    if (auto wrong = check_text(key, item); !wrong.empty()) return wrong;
  target = std::move(items);
  return {};
}

std::string unknown(const Schema& schema, std::string_view path, std::size_t& suggestions) {
  if (const auto why = schema.why_foreign(path); !why.empty()) return std::string(why);
  // Each is a comparison with every key; a file with more unknown keys is for another program.
  constexpr std::size_t k_most_suggestions = 50;
  const auto nearest = suggestions < k_most_suggestions ? schema.nearest(path) : "";
  ++suggestions;
  if (nearest.empty()) return "is no key of Shoal; remove it (docs/reference/configuration.md)";
  return fmt::format("is no key of Shoal; did you mean {}?", nearest);
}

}  // namespace

std::string set_value(const Key& key, const std::vector<std::string>& values, bool is_list) {
  return std::visit(
      [&](auto* target) -> std::string {
        if constexpr (std::is_same_v<decltype(target), std::vector<std::string>*>) {
          return set_list(key, *target, values, is_list);
        } else {
          if (is_list) return fmt::format("is a list; give {}", expectation(key));
          return set_one(key, target, values.front());
        }
      },
      key.target);
}

std::vector<Problem> apply(const Schema& schema, const Document& document) {
  std::vector<Problem> problems = document.problems;
  std::size_t suggestions = 0;
  for (const auto& leaf : document.leaves) {
    const auto report = [&](std::string message) {
      problems.push_back({leaf.where, leaf.path, std::move(message)});
    };
    if (const Key* key = schema.find(leaf.path)) {
      const bool is_null = leaf.kind == Leaf::Kind::empty;
      if (is_null && !key->null_value) {
        report(fmt::format("has no value; give {}, or remove the line for the default, {}",
                           expectation(*key), key->is_secret ? "none" : format_value(*key)));
      } else if (auto wrong = set_value(*key, is_null ? std::vector{*key->null_value} : leaf.values,
                                        leaf.kind == Leaf::Kind::list);
                 !wrong.empty()) {
        report(std::move(wrong));
      }
    } else if (schema.is_without_effect(leaf.path)) {
      continue;
    } else if (schema.has_section(leaf.path)) {
      if (leaf.kind != Leaf::Kind::empty)
        report("is a section; its keys go on the lines below it, indented");
    } else {
      // A key below a known key: the section is written where a value belongs.
      const auto parent = leaf.path.substr(0, leaf.path.rfind('.'));
      const Key* above = parent.size() < leaf.path.size() ? schema.find(parent) : nullptr;
      if (above != nullptr) {
        problems.push_back(
            {leaf.where, parent,
             fmt::format("is no section; give {} after the colon", expectation(*above))});
      } else {
        report(unknown(schema, leaf.path, suggestions));
      }
    }
  }
  return problems;
}

std::string environment_name(std::string_view path) {
  std::string name = "SHOAL__";
  for (const char c : path) {
    if (c == '.') {
      name += "__";
    } else {
      name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  return name;
}

}  // namespace shoal::config
