#include "net/http/path.h"

#include <algorithm>

#include "base/text.h"

namespace shoal::net {

Result<TargetParts> split_target(std::string_view target) {
  TargetParts parts;
  if (target == "*") {
    parts.path = "/";
    return parts;
  }
  if (!target.starts_with('/')) {
    const auto scheme = target.find("://");
    const bool http =
        scheme != std::string_view::npos &&
        (iequals(target.substr(0, scheme), "http") || iequals(target.substr(0, scheme), "https"));
    if (!http) return fail(ErrorCode::invalid, "the request target is not a path");
    target.remove_prefix(scheme + 3);
    const auto end = std::min(target.find_first_of("/?"), target.size());
    parts.authority = target.substr(0, end);
    target.remove_prefix(end);
    if (parts.authority.empty()) return fail(ErrorCode::invalid, "the request target has no host");
  }
  const auto question = std::min(target.find('?'), target.size());
  parts.path = target.substr(0, question);
  if (parts.path.empty()) parts.path = "/";
  if (question < target.size()) parts.query = target.substr(question + 1);
  return parts;
}

namespace {

/// Whether every byte stands for itself and no segment is empty or begins with a dot.
bool is_plain(std::string_view path) {
  bool odd = false;
  char before = 0;
  for (const char c : path) {
    const auto u = static_cast<unsigned char>(c);
    odd |= (u <= 0x20) | (u >= 0x7f) | (c == '%') | (c == '\\');
    odd |= (before == '/') & ((c == '/') | (c == '.'));
    before = c;
  }
  return !odd;
}

bool has_bad_segment(std::string_view path) {
  // Between two slashes, or after the last one, "." and ".." climb and nothing hides a name.
  for (std::size_t start = 1; start < path.size();) {
    const auto end = std::min(path.find('/', start), path.size());
    const auto segment = path.substr(start, end - start);
    if (segment.empty() || segment == "." || segment == "..") return true;
    start = end + 1;
  }
  return path.size() > 1 && path[1] == '/';
}

}  // namespace

Result<std::string> decode_path(std::string_view path) {
  if (path.starts_with('/') && is_plain(path)) return std::string(path);
  auto decoded = url_decode(path);
  if (!decoded || !is_valid_utf8(*decoded))
    return fail(ErrorCode::invalid, "the path is not valid percent-encoded UTF-8");
  const bool slashes = std::ranges::count(*decoded, '/') != std::ranges::count(path, '/');
  const bool odd = std::ranges::any_of(*decoded, [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u < 0x20 || u == 0x7f || c == '\\';
  });
  if (slashes || odd)
    return fail(ErrorCode::invalid, "the path holds an encoded slash or a control character");
  if (!decoded->starts_with('/') || has_bad_segment(*decoded))
    return fail(ErrorCode::invalid, "the path holds an empty, '.' or '..' segment");
  return *std::move(decoded);
}

}  // namespace shoal::net
