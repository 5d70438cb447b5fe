#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string_view>

#include "base/text.h"

namespace shoal {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 7> k_weekdays = {"Sun", "Mon", "Tue", "Wed",
                                                        "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> k_months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Civil {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int millisecond = 0;
};

Civil to_civil(UtcTime time) {
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const auto of_day = (time - day).count();
  return {static_cast<int>(date.year()),          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),      static_cast<int>(of_day / 3'600'000),
          static_cast<int>(of_day / 60'000 % 60), static_cast<int>(of_day / 1000 % 60),
          static_cast<int>(of_day % 1000)};
}

std::optional<UtcTime> from_civil(const Civil& c) {
  const year_month_day date{std::chrono::year(c.year), std::chrono::month(c.month),
                            std::chrono::day(c.day)};
  if (!date.ok() || c.hour > 23 || c.minute > 59 || c.second > 60) return std::nullopt;
  return UtcTime{std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(c.hour) +
                 std::chrono::minutes(c.minute) + Seconds(c.second) + Milliseconds(c.millisecond)};
}

/// Reads exactly `width` digits at `at`.
template <class Int>
bool digits(std::string_view text, std::size_t at, std::size_t width, Int& out) {
  if (at + width > text.size()) return false;
  const char* begin = text.data() + at;
  if (*begin < '0' || *begin > '9') return false;
  const auto [end, error] = std::from_chars(begin, begin + width, out);
  return error == std::errc{} && end == begin + width;
}

/// The `.123` part: any number of digits, the first three count. Moves `at` past it.
bool fraction(std::string_view text, std::size_t& at, int& millisecond) {
  if (at >= text.size() || text[at] != '.') return true;
  int scale = 100;
  const std::size_t first = ++at;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
    millisecond += scale * (text[at] - '0');
  return at > first;
}

/// Z, nothing, or +hh:mm.
std::optional<std::chrono::minutes> zone(std::string_view text) {
  if (text.empty() || text == "Z" || text == "z") return std::chrono::minutes(0);
  int hours = 0;
  int minutes = 0;
  const bool shaped = (text[0] == '+' || text[0] == '-') && digits(text, 1, 2, hours) &&
                      text.size() >= 5 && digits(text, text.size() - 2, 2, minutes) &&
                      (text.size() == 5 || (text.size() == 6 && text[3] == ':'));
  if (!shaped) return std::nullopt;
  const std::chrono::minutes offset(hours * 60 + minutes);
  return text[0] == '-' ? -offset : offset;
}

}  // namespace

std::string to_iso8601(UtcTime time) {
  const Civil c = to_civil(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", c.year, c.month, c.day, c.hour,
                     c.minute, c.second, c.millisecond);
}

std::optional<UtcTime> parse_iso8601(std::string_view text) {
  Civil c;
  const bool date = text.size() >= 10 && text[4] == '-' && text[7] == '-' &&
                    digits(text, 0, 4, c.year) && digits(text, 5, 2, c.month) &&
                    digits(text, 8, 2, c.day);
  if (!date) return std::nullopt;
  if (text.size() == 10) return from_civil(c);
  const bool time = text.size() >= 16 && (text[10] == 'T' || text[10] == ' ') && text[13] == ':' &&
                    digits(text, 11, 2, c.hour) && digits(text, 14, 2, c.minute);
  if (!time) return std::nullopt;
  std::size_t at = 16;
  if (at < text.size() && text[at] == ':') {
    if (!digits(text, 17, 2, c.second)) return std::nullopt;
    at = 19;
  }
  if (!fraction(text, at, c.millisecond)) return std::nullopt;
  const auto offset = zone(text.substr(at));
  const auto local = from_civil(c);
  if (!offset || !local) return std::nullopt;
  return *local - *offset;
}

std::string to_http_date(UtcTime time) {
  const Civil c = to_civil(time);
  const std::chrono::weekday weekday{floor<days>(time)};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", k_weekdays[weekday.c_encoding()],
                     c.day, k_months[c.month - 1], c.year, c.hour, c.minute, c.second);
}

std::optional<UtcTime> parse_http_date(std::string_view text) {
  // Only IMF-fixdate: what we send is what comes back; the obsolete forms count as absent.
  Civil c;
  const bool shaped = text.size() == 29 && text.substr(3, 2) == ", " && text.substr(25) == " GMT" &&
                      digits(text, 5, 2, c.day) && digits(text, 12, 4, c.year) &&
                      digits(text, 17, 2, c.hour) && digits(text, 20, 2, c.minute) &&
                      digits(text, 23, 2, c.second);
  if (!shaped) return std::nullopt;
  for (unsigned month = 0; month < k_months.size(); ++month)
    if (k_months[month] == text.substr(8, 3)) c.month = month + 1;
  return from_civil(c);
}

}  // namespace shoal
