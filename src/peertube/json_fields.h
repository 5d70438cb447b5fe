#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/text.h"

/// Reading what another server calls JSON: what is missing, of another type or no text that a
/// database takes is as if it were not there. Private to the room.
namespace shoal::peertube {

/// At most k_answer_limit bytes and 32 levels. Errors: corrupt, too_large.
Result<boost::json::value> parse_answer(std::string_view text);
/// The same, and the answer must be an object.
Result<boost::json::object> parse_object(std::string_view text);

class Fields {
 public:
  explicit Fields(const boost::json::object& object) : object_(object) {}

  const boost::json::value* find(std::string_view key) const { return object_.if_contains(key); }

  /// UTF-8 of at most `limit` bytes without NUL; an empty text is none.
  std::optional<std::string> text(std::string_view key, std::size_t limit) const {
    const auto* value = find(key);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    const std::string_view text = value->get_string();
    if (text.empty() || text.size() > limit || !is_valid_utf8(text)) return std::nullopt;
    return std::string(text);
  }
  std::optional<std::int64_t> number(std::string_view key) const {
    const auto* value = find(key);
    if (value == nullptr) return std::nullopt;
    boost::system::error_code error;
    const auto number = value->to_number<std::int64_t>(error);
    if (error) return std::nullopt;
    return number;
  }
  /// In [0, most].
  std::optional<std::uint64_t> count(std::string_view key, std::uint64_t most) const {
    const auto value = number(key);
    if (!value || *value < 0 || static_cast<std::uint64_t>(*value) > most) return std::nullopt;
    return static_cast<std::uint64_t>(*value);
  }
  bool flag(std::string_view key, bool otherwise) const {
    const auto* value = find(key);
    return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
  }
  std::optional<UtcTime> time(std::string_view key) const {
    const auto value = text(key, 64);
    return value ? parse_iso8601(*value) : std::nullopt;
  }
  const boost::json::object* object(std::string_view key) const {
    const auto* value = find(key);
    return value == nullptr ? nullptr : value->if_object();
  }
  const boost::json::array* array(std::string_view key) const {
    const auto* value = find(key);
    return value == nullptr ? nullptr : value->if_array();
  }
  /// Of {"id": 1, "label": "…"}, as PeerTube writes choices.
  std::optional<std::int64_t> choice(std::string_view key) const {
    const auto* chosen = object(key);
    return chosen == nullptr ? std::nullopt : Fields(*chosen).number("id");
  }
  std::optional<std::string> word_choice(std::string_view key) const {
    const auto* chosen = object(key);
    return chosen == nullptr ? std::nullopt : Fields(*chosen).text("id", 64);
  }

 private:
  const boost::json::object& object_;
};

}  // namespace shoal::peertube
