#include "api/core/fields.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/text.h"

namespace shoal::api {
namespace {

namespace json = boost::json;

/// Array elements that a form may name; more are refused as one bad field.
constexpr std::size_t k_max_elements = 1000;

/// `tags[]` and `tags[0]` are ("tags", array); `a[b]` is ("a", "b").
struct FormName {
  std::string_view outer;
  std::string_view inner;
  bool is_array = false;
};

FormName parse_form_name(std::string_view name) {
  const std::size_t open = name.find('[');
  if (open == std::string_view::npos || open == 0 || name.back() != ']') return {name, {}, false};
  const std::string_view inner = name.substr(open + 1, name.size() - open - 2);
  const std::string_view outer = name.substr(0, open);
  const bool is_index = inner.empty() || parse_int(inner).has_value();
  return {outer, is_index ? std::string_view() : inner, is_index};
}

void add_form_value(json::object& object, std::string_view name, std::string_view text,
                    bool is_array) {
  json::value* existing = object.if_contains(name);
  if (existing == nullptr) {
    if (is_array) {
      object.emplace(name, json::array{json::value(text)});
    } else {
      object.emplace(name, text);
    }
    return;
  }
  if (!existing->is_array()) *existing = json::array{json::value(*existing)};
  if (existing->as_array().size() < k_max_elements) existing->as_array().emplace_back(text);
}

/// What PeerTube's forms write for "no value".
bool means_null(const json::value& value) {
  return value.is_null() || (value.is_string() && value.as_string() == "null");
}

std::string between(std::string_view name, const TextRule& rule) {
  return fmt::format("Should have a {} between {} and {} characters long", name, rule.min,
                     rule.max);
}

}  // namespace

Fields::Fields(json::object object, std::string location)
    : object_(std::move(object)), location_(std::move(location)) {}

Fields Fields::from(const net::Parameters& parameters, std::string location) {
  json::object object;
  for (const auto& [name, text] : parameters.items()) {
    const FormName parsed = parse_form_name(name);
    if (parsed.inner.empty()) {
      add_form_value(object, parsed.outer, text, parsed.is_array);
      continue;
    }
    json::value& outer = object[parsed.outer];
    if (outer.is_null()) outer.emplace_object();
    // `a=1&a[b]=2` contradicts itself; the plain value stays and will be refused as an object.
    if (outer.is_object()) add_form_value(outer.as_object(), parsed.inner, text, false);
  }
  return {std::move(object), std::move(location)};
}

const json::value* Fields::find(std::string_view name) const {
  const json::value* value = object_.if_contains(name);
  return value == nullptr || means_null(*value) ? nullptr : value;
}

bool Fields::has(std::string_view name) const {
  return object_.contains(name);
}

bool Fields::is_null(std::string_view name) const {
  const json::value* value = object_.if_contains(name);
  return value != nullptr && means_null(*value);
}

void Fields::refuse(std::string_view name, std::string_view message) {
  const std::string full = prefix_ + std::string(name);
  for (const InvalidParam& known : invalid_) {
    if (known.name == full) return;
  }
  InvalidParam param{full, std::string(message), location_, std::nullopt};
  if (const json::value* value = object_.if_contains(name)) param.value = *value;
  invalid_.push_back(std::move(param));
}

std::optional<std::string> Fields::checked_text(std::string_view name, const json::value& value,
                                                const TextRule& rule) {
  // A number is taken as its text, as clients write names such as 2024 without quotes.
  std::string text;
  if (value.is_string()) {
    text = std::string(value.as_string());
  } else if (value.is_int64()) {
    text = std::to_string(value.as_int64());
  } else {
    refuse(name, rule.message.empty() ? "Should be a text" : rule.message);
    return std::nullopt;
  }
  if (!is_valid_utf8(text)) {
    refuse(name, "Should be valid UTF-8 without NUL");
    return std::nullopt;
  }
  const std::size_t length = utf8_length(text);
  if (length < rule.min || length > rule.max) {
    refuse(name, rule.message.empty() ? between(name, rule) : std::string(rule.message));
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> Fields::text(std::string_view name, TextRule rule) {
  const json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (rule.normalize_empty && value->is_string() && value->as_string().empty()) {
    return std::nullopt;
  }
  return checked_text(name, *value, rule);
}

std::string Fields::required_text(std::string_view name, TextRule rule) {
  if (find(name) == nullptr) {
    refuse(name, rule.message.empty() ? between(name, rule) : std::string(rule.message));
    return {};
  }
  return text(name, rule).value_or("");
}

std::optional<std::int64_t> Fields::checked_integer(const json::value& value) const {
  if (value.is_int64()) return value.as_int64();
  if (value.is_uint64()) return std::nullopt;
  if (value.is_double()) {
    const double number = value.as_double();
    const bool whole = std::isfinite(number) && number == std::floor(number);
    if (!whole || std::abs(number) > 9e15) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_string()) return parse_int(std::string_view(value.as_string()));
  return std::nullopt;
}

std::optional<std::int64_t> Fields::integer(std::string_view name, std::int64_t min,
                                            std::int64_t max, std::string_view message) {
  const json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  // An empty form field is "not chosen".
  if (value->is_string() && value->as_string().empty() && location_ == "body") return std::nullopt;
  const auto number = checked_integer(*value);
  if (!number || *number < min || *number > max) {
    refuse(name, message.empty() ? "Invalid value" : message);
    return std::nullopt;
  }
  return number;
}

std::int64_t Fields::required_integer(std::string_view name, std::int64_t min, std::int64_t max,
                                      std::string_view message) {
  const auto number = integer(name, min, max, message);
  if (!number) refuse(name, message.empty() ? "Invalid value" : message);
  return number.value_or(min);
}

std::optional<double> Fields::real(std::string_view name, double min, double max) {
  const json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  double number = 0;
  bool good = true;
  if (value->is_number()) {
    number = value->to_number<double>();
  } else if (value->is_string()) {
    const std::string_view text = value->as_string();
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    good = result.ec == std::errc() && result.ptr == text.data() + text.size();
  } else {
    good = false;
  }
  if (!good || !(number >= min && number <= max)) {
    refuse(name);
    return std::nullopt;
  }
  return number;
}

std::optional<bool> Fields::boolean(std::string_view name) {
  const json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->as_bool();
  if (value->is_string() && (value->as_string() == "true" || value->as_string() == "1")) {
    return true;
  }
  if (value->is_string() && (value->as_string() == "false" || value->as_string() == "0")) {
    return false;
  }
  refuse(name, "Should be a boolean (true or false)");
  return std::nullopt;
}

std::optional<UtcTime> Fields::time(std::string_view name) {
  const json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  std::optional<UtcTime> time;
  if (value->is_string()) time = parse_iso8601(std::string_view(value->as_string()));
  if (!time) refuse(name, "Should be a date in ISO 8601 format");
  return time;
}

std::optional<std::string> Fields::choice(std::string_view name,
                                          std::initializer_list<std::string_view> accepted) {
  const json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  std::string words;
  for (const std::string_view word : accepted) {
    if (value->is_string() && value->as_string() == word) return std::string(word);
    if (!words.empty()) words += ", ";
    words += word;
  }
  refuse(name, "Should be one of: " + words);
  return std::nullopt;
}

std::optional<std::vector<std::string>> Fields::texts(std::string_view name, std::size_t max_count,
                                                      TextRule rule) {
  const json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  std::vector<std::string> result;
  const auto add = [&](const json::value& element) {
    if (auto text = checked_text(name, element, rule)) result.push_back(std::move(*text));
  };
  if (!value->is_array()) {
    add(*value);
  } else if (value->as_array().size() > max_count) {
    refuse(name, fmt::format("Should have at most {} values", max_count));
  } else {
    for (const json::value& element : value->as_array()) add(element);
  }
  return result;
}

std::optional<std::vector<std::int64_t>> Fields::integers(std::string_view name,
                                                          std::size_t max_count, std::int64_t min,
                                                          std::int64_t max) {
  const json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  std::vector<std::int64_t> result;
  const auto add = [&](const json::value& element) {
    const auto number = checked_integer(element);
    if (!number || *number < min || *number > max) {
      refuse(name, fmt::format("Should be numbers from {} to {}", min, max));
    } else {
      result.push_back(*number);
    }
  };
  if (!value->is_array()) {
    add(*value);
  } else if (value->as_array().size() > max_count) {
    refuse(name, fmt::format("Should have at most {} values", max_count));
  } else {
    for (const json::value& element : value->as_array()) add(element);
  }
  return result;
}

std::optional<Fields> Fields::nested(std::string_view name) {
  const json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) {
    refuse(name, "Should be an object");
    return std::nullopt;
  }
  Fields inner(value->as_object(), location_);
  inner.prefix_ = fmt::format("{}{}.", prefix_, name);
  return inner;
}

std::optional<std::vector<Fields>> Fields::nested_array(std::string_view name,
                                                        std::size_t max_count) {
  const json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array() || value->as_array().size() > max_count) {
    refuse(name, fmt::format("Should be an array of at most {} objects", max_count));
    return std::nullopt;
  }
  std::vector<Fields> result;
  for (const json::value& element : value->as_array()) {
    if (!element.is_object()) {
      refuse(name, fmt::format("Should be an array of at most {} objects", max_count));
      return std::nullopt;
    }
    result.emplace_back(element.as_object(), location_);
    result.back().prefix_ = fmt::format("{}{}[{}].", prefix_, name, result.size() - 1);
  }
  return result;
}

void Fields::merge(const Fields& nested_fields) {
  invalid_.insert(invalid_.end(), nested_fields.invalid_.begin(), nested_fields.invalid_.end());
}

Answer<> Fields::check() const {
  if (invalid_.empty()) return {};
  return api::refuse(Problem::invalid_params(invalid_));
}

}  // namespace shoal::api
