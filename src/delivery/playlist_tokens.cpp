#include "delivery/playlist_tokens.h"

namespace shoal::delivery {
namespace {

/// Attributes of a tag (RFC 8216 section 4.2) that hold a URI are called URI.
void rewrite_tag(std::string& out, std::string_view line, const UriWriter& write) {
  constexpr std::string_view k_attribute = "URI=\"";
  for (;;) {
    const auto at = line.find(k_attribute);
    if (at == std::string_view::npos) break;
    const std::size_t begin = at + k_attribute.size();
    const auto end = line.find('"', begin);
    if (end == std::string_view::npos) break;
    out += line.substr(0, begin);
    write(out, line.substr(begin, end - begin));
    line.remove_prefix(end);
  }
  out += line;
}

}  // namespace

void append_with_token(std::string& out, std::string_view uri, std::string_view token) {
  out += uri;
  out += uri.find('?') == std::string_view::npos ? '?' : '&';
  out += "videoFileToken=";
  out += token;
  if (uri.substr(0, uri.find('?')).ends_with(".m3u8")) out += "&reinjectVideoFileToken=true";
}

std::string rewrite_uris(std::string_view playlist, const UriWriter& write) {
  std::string out;
  out.reserve(playlist.size() * 2);
  while (!playlist.empty()) {
    const auto end = std::min(playlist.find('\n'), playlist.size());
    const std::string_view line = playlist.substr(0, end);
    const bool has_return = line.ends_with('\r');
    const std::string_view text = has_return ? line.substr(0, line.size() - 1) : line;
    if (text.starts_with('#')) {
      rewrite_tag(out, text, write);
    } else if (!text.empty()) {
      write(out, text);
    }
    if (has_return) out += '\r';
    if (end < playlist.size()) out += '\n';
    playlist.remove_prefix(std::min(end + 1, playlist.size()));
  }
  return out;
}

std::string add_tokens(std::string_view playlist, std::string_view token) {
  return rewrite_uris(playlist, [token](std::string& out, std::string_view uri) {
    append_with_token(out, uri, token);
  });
}

}  // namespace shoal::delivery
