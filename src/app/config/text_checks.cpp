#include "app/config/text_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>

#include "base/text.h"

namespace shoal::app {
namespace {

/// As Express' proxy-addr, which PeerTube's trust_proxy is.
constexpr std::array<std::string_view, 3> k_named_ranges{"loopback", "linklocal", "uniquelocal"};

bool is_label_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

boost::system::result<boost::asio::ip::address> parse_address(std::string_view text) {
  boost::system::error_code error;
  auto address = boost::asio::ip::make_address(text, error);
  if (error) return error;
  return address;
}

}  // namespace

std::string check_not_empty(std::string_view text) {
  return trim(text).empty() ? "is empty; give a text, or remove the line for the default" : "";
}

std::string check_address(std::string_view text) {
  return parse_address(text) ? "" : "is no IP address; give one such as 127.0.0.1 or ::";
}

std::string check_host_name(std::string_view text) {
  if (text.find("://") != std::string_view::npos)
    return "has a scheme; give the host name alone (webserver.https chooses the scheme)";
  if (text.find('/') != std::string_view::npos) return "has a path; give the host name alone";
  if (text.starts_with('[') && text.ends_with(']') &&
      parse_address(text.substr(1, text.size() - 2)))
    return "";
  if (text.find(':') != std::string_view::npos)
    return "has a port; give the host name alone (webserver.port is the port)";
  constexpr std::size_t k_longest_name = 253;
  constexpr std::size_t k_longest_label = 63;
  bool right = !text.empty() && text.size() <= k_longest_name;
  for (const auto label : split(text, '.')) {
    right = right && !label.empty() && label.size() <= k_longest_label &&
            std::ranges::all_of(label, is_label_char) && label.front() != '-' &&
            label.back() != '-';
  }
  return right ? "" : "is no host name; give one such as video.example.org";
}

std::string check_proxy(std::string_view text) {
  constexpr std::string_view k_wrong =
      "is no proxy; give an IP address, a range such as 10.0.0.0/8, or loopback, linklocal or "
      "uniquelocal";
  if (std::ranges::find(k_named_ranges, text) != k_named_ranges.end()) return "";
  const auto slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return std::string(k_wrong);
  if (slash == std::string_view::npos) return "";
  const auto bits = parse_int(text.substr(slash + 1));
  return bits && *bits >= 0 && *bits <= (address->is_v4() ? 32 : 128) ? "" : std::string(k_wrong);
}

std::string check_number(std::string_view text) {
  const auto number = parse_int(text);
  return number && *number >= 0 ? "" : "is no whole number";
}

std::string check_route(std::string_view text) {
  return text.starts_with('/') && !text.starts_with("//") ? ""
                                                          : "is no path; give one such as /videos";
}

std::string check_email(std::string_view text) {
  const auto at = text.find('@');
  const bool right = at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
                     text.find('@', at + 1) == std::string_view::npos &&
                     std::ranges::none_of(text, [](char c) { return c == ' ' || c == '\t'; });
  return right ? "" : "is no e-mail address; give one such as admin@example.org";
}

std::string check_label(std::string_view text) {
  constexpr std::size_t k_longest = 64;
  const bool right = text.size() <= k_longest && std::ranges::all_of(text, [](char c) {
                       return is_label_char(c) || c == '.' || c == ':';
                     });
  return right ? "" : "is no name; give up to 64 of a-z, A-Z, 0-9 and -_.:";
}

}  // namespace shoal::app
