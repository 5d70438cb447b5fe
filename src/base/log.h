#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace shoal::log {

enum class Level { debug, info, warn, error };
enum class Format { text, json };

/// One key and its value in a structured line; numbers and booleans are rendered as text.
struct Field {
  template <class T>
  Field(std::string_view field_key, const T& field_value)
      : key(field_key), value(fmt::to_string(field_value)) {}
  std::string key;
  std::string value;
};

/// Called once by the assembly (app) before the first line. Lines go to standard error.
void configure(Level level, Format format);

/// Whether lines of this level are written: asked first where making the fields costs something.
bool enabled(Level level);

/// One line: `info("upload finished", {{"video", uuid}, {"bytes", size}})`. Any thread. Never put
/// a token, a password or a private media URL into a field.
void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});

inline void debug(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::debug, m, f);
}
inline void info(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::info, m, f);
}
inline void warn(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::warn, m, f);
}
inline void error(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::error, m, f);
}

}  // namespace shoal::log
