#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <boost/json.hpp>

#include "base/text.h"

namespace shoal::log {
namespace {

/// Asked for each request, so not through the logger.
std::atomic<Level> lowest = Level::info;

struct Output {
  Format format = Format::text;
  spdlog::logger logger{"shoal", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
};

// Logging is the one process-wide service: a line must be possible from anywhere, also from a
// destructor. It holds no state that a test could depend on.
Output& output() {
  static Output instance;
  return instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string json_line(Level level, std::string_view message, std::initializer_list<Field> fields) {
  boost::json::object line;
  line["time"] = to_iso8601(SystemClock{}.now());
  const auto name = spdlog::level::to_string_view(to_spdlog(level));
  line["level"] = boost::json::string_view(name.data(), name.size());
  line["message"] = message;
  for (const Field& field : fields) line[field.key] = field.value;
  return boost::json::serialize(line);
}

std::string text_line(std::string_view message, std::initializer_list<Field> fields) {
  std::string line(message);
  for (const Field& field : fields) {
    const bool quote = field.value.find_first_of(" \"\n") != std::string::npos;
    line +=
        fmt::format(" {}={}", field.key,
                    quote ? boost::json::serialize(boost::json::string(field.value)) : field.value);
  }
  return line;
}

}  // namespace

bool enabled(Level level) {
  return level >= lowest.load(std::memory_order_relaxed);
}

void configure(Level level, Format format) {
  lowest = level;
  output().format = format;
  output().logger.set_level(spdlog::level::debug);  // enabled() has decided before
  output().logger.set_pattern(format == Format::json ? "%v" : "%Y-%m-%dT%H:%M:%S.%e %^%-5l%$ %v");
  output().logger.flush_on(spdlog::level::debug);
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  Output& out = output();
  out.logger.log(
      to_spdlog(level), "{}",
      out.format == Format::json ? json_line(level, message, fields) : text_line(message, fields));
}

}  // namespace shoal::log
