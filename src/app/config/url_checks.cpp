#include "app/config/url_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/config/stores.h"
#include "app/config/text_checks.h"
#include "base/text.h"

namespace shoal::app {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_lower_alphanumeric(char c) {
  return is_alphanumeric(c) && (c < 'A' || c > 'Z');
}

/// Letters, digits and the characters of `others`.
bool consists_of(std::string_view text, std::string_view others) {
  return std::ranges::all_of(
      text, [&](char c) { return is_alphanumeric(c) || others.find(c) != std::string_view::npos; });
}

/// host or host:port, of an URL.
std::string authority_fault(std::string_view authority) {
  if (authority.find('@') != std::string_view::npos) return "has a user name in it; remove it";
  const auto bracket = authority.rfind(']');
  const auto colon =
      authority.find(':', bracket == std::string_view::npos ? std::size_t{0} : bracket);
  if (!check_host_name(authority.substr(0, colon)).empty())
    return "has no valid host name; give one such as cdn.example.org";
  if (colon == std::string_view::npos) return "";
  constexpr std::int64_t k_last_port = 65535;
  const auto port = parse_int(authority.substr(colon + 1));
  return port && *port > 0 && *port <= k_last_port
             ? ""
             : "has a wrong port; give one from 1 to 65535, or none";
}

enum class Scheme { required, optional };
enum class Query { allowed, refused };

std::string url_fault(std::string_view text, Scheme scheme, Query query) {
  const auto end = text.find("://");
  if (end == std::string_view::npos) {
    if (scheme == Scheme::required) return "is no URL; give one such as https://cdn.example.org";
  } else {
    if (!iequals(text.substr(0, end), "https") && !iequals(text.substr(0, end), "http"))
      return "has another scheme than https and http; give one of these";
    text.remove_prefix(end + 3);
  }
  if (!consists_of(text, "-._~:/?#[]@!$&'()*+,;=%"))
    return "has a character that no URL has; write it as % and two hexadecimal digits";
  if (text.find('#') != std::string_view::npos) return "has a fragment (#…); remove it";
  if (query == Query::refused && text.find('?') != std::string_view::npos)
    return "has a query (?…); remove it";
  return authority_fault(text.substr(0, text.find_first_of("/?")));
}

/// Segments that S3 servers and proxies normalise away, each in its own way.
bool has_odd_segment(std::string_view path) {
  const auto segments = split(path, '/');
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const bool is_end = i + 1 == segments.size();
    if ((segments[i].empty() && !is_end) || segments[i] == "." || segments[i] == "..") return true;
  }
  return false;
}

constexpr std::size_t k_longest_prefix = 200;

}  // namespace

std::string check_endpoint(std::string_view text) {
  return text.empty() ? "" : url_fault(text, Scheme::optional, Query::refused);
}

std::string check_url(std::string_view text) {
  return text.empty() ? "" : url_fault(text, Scheme::required, Query::allowed);
}

std::string check_plain_url(std::string_view text) {
  return text.empty() ? "" : url_fault(text, Scheme::required, Query::refused);
}

std::string check_base_url(std::string_view text) {
  const auto base_url = parse_base_url(text);
  if (!base_url) return "has a wrong weight behind its URL; give one from 1 to 1000, or none";
  return url_fault(base_url->url, Scheme::required, Query::refused);
}

std::string check_bucket(std::string_view text) {
  constexpr std::size_t k_shortest = 3;
  constexpr std::size_t k_longest = 63;
  if (text.empty()) return "";
  const bool right =
      text.size() >= k_shortest && text.size() <= k_longest &&
      is_lower_alphanumeric(text.front()) && is_lower_alphanumeric(text.back()) &&
      text.find("..") == std::string_view::npos &&
      std::ranges::all_of(
          text, [](char c) { return is_lower_alphanumeric(c) || c == '.' || c == '-'; }) &&
      !check_address(text).empty();
  return right ? ""
               : "is no name of a bucket; give 3 to 63 of a-z, 0-9, '.' and '-' that begin and end "
                 "with a letter or digit";
}

std::string check_prefix(std::string_view text) {
  if (text.empty()) return "";
  const bool right = text.size() <= k_longest_prefix && text.ends_with('/') &&
                     consists_of(text, "._-/") && !has_odd_segment(text);
  return right
             ? ""
             : "is no prefix; give letters, digits, '.', '_', '-' and '/' with '/' at the end and "
               "none at the start, such as cold/";
}

std::string check_peertube_prefix(std::string_view text) {
  const bool right =
      text.size() <= k_longest_prefix && consists_of(text, "._-/:") && !has_odd_segment(text);
  return right ? ""
               : "is no prefix; give letters, digits, '.', '_', '-', ':' and '/', no '/' at the "
                 "start, such as streaming-playlists/";
}

std::string check_region(std::string_view text) {
  constexpr std::size_t k_longest = 64;
  const bool right = !text.empty() && text.size() <= k_longest && consists_of(text, "-_");
  return right ? "" : "is no region; give one such as us-east-1";
}

std::string check_storage_class(std::string_view text) {
  constexpr std::size_t k_longest = 64;
  const bool right = text.size() <= k_longest && consists_of(text, "-_");
  return right ? "" : "is no storage class; give one such as STANDARD_IA";
}

std::string check_absolute_path(std::string_view text) {
  if (text.empty()) return "";
  const auto segments = split(text, '/');
  const bool right = text.starts_with('/') && text.find_first_not_of('/') < text.size() &&
                     std::ranges::find(segments, "..") == segments.end();
  return right ? "" : "is no absolute path; give one from / on without .., such as /mnt/media";
}

std::string check_price(std::string_view text) {
  return parse_price(text) ? ""
                           : "is no price; give a decimal number such as 0.023, with at most six "
                             "digits behind the point";
}

}  // namespace shoal::app
