#include "blob/s3/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace shoal::blob::s3 {
namespace {

constexpr std::size_t k_longest_host = 253;
constexpr std::size_t k_longest_label = 63;
constexpr std::size_t k_longest_bucket = 255;
constexpr std::size_t k_longest_prefix = 256;

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// A name a certificate of "*.endpoint" covers: one label of letters, digits and '-'.
bool is_dns_label(std::string_view text) {
  return !text.empty() && text.size() <= k_longest_label && is_lower_or_digit(text.front()) &&
         is_lower_or_digit(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

bool is_ipv4(const std::string& host) {
  in_addr address{};
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& host) {
  in6_addr address{};
  return ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

/// '_' too: names of containers and services within a network have it.
bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > k_longest_host) return false;
  return std::ranges::all_of(split(host, '.'), [](std::string_view label) {
    return !label.empty() && label.size() <= k_longest_label && label.front() != '-' &&
           label.back() != '-' && std::ranges::all_of(label, [](char c) {
             return is_lower_or_digit(c) || c == '-' || c == '_';
           });
  });
}

struct Authority {
  std::string host;  ///< an IPv6 address in brackets
  std::string port;  ///< empty for the scheme's own
  bool is_ip = false;
};

std::optional<Authority> parse_authority(std::string_view text, std::string_view scheme) {
  Authority out;
  const auto bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return std::nullopt;
  const auto colon = text.find(':', bracket);
  out.host = to_lower_ascii(text.substr(0, colon));
  if (bracket > 0) {
    if (out.host.size() != bracket + 1 || !is_ipv6(out.host.substr(1, bracket - 1)))
      return std::nullopt;
    out.is_ip = true;
  } else {
    out.is_ip = is_ipv4(out.host);
    // A name whose last label is a number is a mistyped address (URL standard, "ends in a number").
    const auto last = split(out.host, '.').back();
    const bool number = std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
    if (!out.is_ip && (number || !is_host_name(out.host))) return std::nullopt;
  }
  if (colon == std::string_view::npos) return out;
  const auto port = parse_int(text.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return std::nullopt;
  if (*port != (scheme == "https" ? 443 : 80)) out.port = fmt::format(":{}", *port);
  return out;
}

Result<> check_bucket(std::string_view bucket) {
  const auto fine = [](char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
  };
  const bool valid = bucket.size() >= 3 && bucket.size() <= k_longest_bucket &&
                     std::ranges::all_of(bucket, fine) && bucket.front() != '.' &&
                     bucket.find("..") == std::string_view::npos;
  if (valid) return {};
  return fail(
      ErrorCode::invalid,
      fmt::format("'{}' is no name of a bucket: 3 to 63 lower-case letters, digits, '-' and "
                  "'.', as in 'my-videos'",
                  bucket));
}

/// Of a prefix or of a path within the endpoint. Segments that clients and proxies between take out
/// of an URL would make the signature that of another path.
bool has_plain_segments(std::string_view path) {
  const auto segments = split(path, '/');
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const bool empty = segments[i].empty() && i + 1 < segments.size();
    if (empty || segments[i] == "." || segments[i] == "..") return false;
  }
  return std::ranges::all_of(
      path, [](char c) { return static_cast<unsigned char>(c) > 0x1f && c != 0x7f; });
}

Result<> check_prefix(std::string_view prefix) {
  if (prefix.size() <= k_longest_prefix && is_valid_utf8(prefix) && has_plain_segments(prefix))
    return {};
  return fail(ErrorCode::invalid,
              fmt::format("'{}' is no prefix of keys: at most {} bytes that do not begin with '/' "
                          "and hold no '//', '.' or '..' segment, as in 'videos/'",
                          prefix, k_longest_prefix));
}

Result<Address> parse_endpoint(std::string_view text, bool& is_ip) {
  Address address;
  const auto wrong = [&](std::string_view what) {
    return fail(ErrorCode::invalid,
                fmt::format("'{}' is no endpoint: {}, as in 's3.example.org' or "
                            "'http://10.0.0.7:9000'",
                            text, what));
  };
  std::string_view rest = text;
  address.scheme = "https";
  if (const auto scheme_end = rest.find("://"); scheme_end != std::string_view::npos) {
    address.scheme = to_lower_ascii(rest.substr(0, scheme_end));
    rest.remove_prefix(scheme_end + 3);
    if (address.scheme != "https" && address.scheme != "http")
      return wrong("only https and http are spoken");
  }
  // Not shown: what stands before '@' may be a password.
  if (rest.find('@') != std::string_view::npos)
    return fail(ErrorCode::invalid, "the endpoint holds a '@': keys are given apart from it");
  if (rest.find_first_of("?#%\\ ") != std::string_view::npos)
    return wrong("it is a host and no more");
  const auto slash = rest.find('/');
  const auto authority = parse_authority(rest.substr(0, slash), address.scheme);
  if (!authority) return wrong("it needs a host, and a port only between 1 and 65535");
  address.host_and_port = authority->host + authority->port;
  is_ip = authority->is_ip;
  if (slash == std::string_view::npos) return address;
  std::string_view path = rest.substr(slash + 1);
  if (path.empty()) return address;
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty() || path.ends_with('/') || !has_plain_segments(path))
    return wrong("its path has an empty, '.' or '..' segment");
  address.base_path = "/" + encode_key(path);
  return address;
}

}  // namespace

Result<Address> parse_address(std::string_view endpoint, std::string_view bucket,
                              std::string_view prefix, bool force_path_style) {
  bool is_ip = false;
  TRY(Address address, parse_endpoint(trim(endpoint), is_ip));
  TRY_VOID(check_bucket(bucket));
  TRY_VOID(check_prefix(prefix));
  address.bucket = bucket;
  address.prefix = prefix;
  // Without TLS no certificate has to cover the name, so that a bucket may be several labels.
  const bool hostable = address.scheme == "https"
                            ? is_dns_label(bucket)
                            : std::ranges::all_of(split(bucket, '.'), is_dns_label);
  address.path_style = force_path_style || is_ip || !hostable;
  return address;
}

std::string encode_key(std::string_view key) {
  std::string out;
  for (const std::string_view segment : split(key, '/')) {
    if (!out.empty() || segment.data() != key.data()) out += '/';
    out += url_encode(segment);
  }
  return out;
}

Location object_location(const Address& address, std::string_view key) {
  Location location = bucket_location(address);
  location.path += encode_key(address.prefix + std::string(key));
  return location;
}

Location bucket_location(const Address& address) {
  if (address.path_style)
    return {address.host_and_port, address.base_path + "/" + address.bucket + "/"};
  return {address.bucket + "." + address.host_and_port, address.base_path + "/"};
}

}  // namespace shoal::blob::s3
