#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace shoal::api {

/// Appends JSON text to one string, with commas and escapes: an answer is written once, without a
/// tree in between (a list of 15 videos in about 15 µs). Strings must be valid UTF-8, which all
/// stored text is. One thread.
///
///     JsonWriter json;
///     json.object([&] { json.field("id", 1).field("name", name).null_field("description"); });
///     json.array(rows, [&](const Row& row) { write_row(json, row); });
class JsonWriter {
 public:
  explicit JsonWriter(std::size_t reserve = 2048) { out_.reserve(reserve); }

  template <class Body>
  JsonWriter& object(Body&& body) {
    open('{');
    body();
    return close('}');
  }
  template <class Items, class Each>
  JsonWriter& array(const Items& items, Each&& each) {
    open('[');
    for (const auto& item : items) each(item);
    return close(']');
  }

  /// A key; the next value, object or array is its value.
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(int number) { return value(static_cast<std::int64_t>(number)); }
  JsonWriter& value(double number);
  JsonWriter& value(bool truth);
  /// As ISO 8601.
  JsonWriter& value(UtcTime time);
  JsonWriter& null();
  template <class T>
  JsonWriter& value(const std::optional<T>& optional) {
    return optional ? value(*optional) : null();
  }
  /// Text that is JSON already.
  JsonWriter& raw(std::string_view json);

  template <class T>
  JsonWriter& field(std::string_view name, const T& content) {
    key(name);
    return value(content);
  }
  JsonWriter& null_field(std::string_view name) { return key(name).null(); }
  JsonWriter& raw_field(std::string_view name, std::string_view json) {
    return key(name).raw(json);
  }

  std::string take() { return std::move(out_); }
  const std::string& text() const { return out_; }

 private:
  void separate();
  void open(char bracket);
  JsonWriter& close(char bracket);

  std::string out_;
  bool needs_comma_ = false;
};

}  // namespace shoal::api
