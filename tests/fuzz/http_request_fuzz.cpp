// Heads and chunked bodies of HTTP/1.1 requests, fed in two pieces: what is accepted must be safe.
#include <array>
#include <cstdlib>
#include <string>

#include "net/http/request_parser.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

/// Feeds all of `buffer`; whether the head is complete, with the rest left in `buffer`.
bool feed(shoal::net::RequestParser& parser, std::string& buffer, bool& refused) {
  using Progress = shoal::net::RequestParser::Progress;
  for (;;) {
    const auto step = parser.parse_head(buffer);
    require(step.consumed <= buffer.size());
    buffer.erase(0, step.consumed);
    if (step.progress == Progress::complete) return true;
    refused = step.progress == Progress::refused;
    if (refused || step.consumed == 0 || buffer.empty()) return false;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using shoal::net::RequestParser;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  shoal::net::Request request;
  RequestParser parser({.header_bytes = 1024, .header_fields = 20});
  parser.reset(request);
  bool refused = false;
  std::string buffer(text.substr(0, size / 2));
  bool complete = feed(parser, buffer, refused);
  buffer += text.substr(size / 2);
  if (!complete && !refused) complete = feed(parser, buffer, refused);
  if (refused) {
    require(parser.refusal().status >= 400 && !parser.refusal().reason.empty());
    return 0;
  }
  if (!complete) return 0;
  require(request.path.starts_with('/') && request.path.find('\0') == std::string::npos);
  require((request.path + "/").find("/../") == std::string::npos);
  // The authority of an absolute target becomes the Host, in its place or as one more field.
  require(request.headers.fields().size() <= 20 + 1);
  const auto& framing = parser.framing();
  require(!(framing.chunked && request.headers.contains("Content-Length")));
  std::array<std::byte, 7> out;
  while (framing.chunked && !buffer.empty()) {
    const auto step = parser.parse_chunks(buffer, out);
    require(step.consumed <= buffer.size() && step.produced <= out.size());
    if (step.progress != RequestParser::Progress::more) break;
    if (step.consumed == 0 && step.produced == 0) break;
    buffer.erase(0, step.consumed);
  }
  return 0;
}
