// Forms with the boundary "B", fed whole and byte by byte: both must find the same parts.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <tuple>

#include "net/http/multipart.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

/// Every event with its bytes, adjacent data joined.
std::string parse(std::string_view text, std::size_t piece) {
  using Event = shoal::net::MultipartParser::Event;
  shoal::net::MultipartParser parser("B", {.max_parts = 10, .header_bytes = 256});
  std::string log;
  std::string buffer;
  for (;;) {
    const auto step = parser.step(buffer);
    require(step.consumed <= buffer.size());
    if (step.event == Event::part) log += "[" + parser.part().name + "|" + parser.part().filename;
    if (step.event == Event::part) log += ">";
    log += step.data;
    if (step.event == Event::part_end) log += "]";
    if (step.event == Event::end) return log + "$";
    if (step.event == Event::bad) return log.substr(0, log.rfind('[')) + "!";
    require(step.event != Event::data || step.consumed > 0);
    buffer.erase(0, step.consumed);
    if (step.event != Event::more || step.consumed > 0) continue;
    require(buffer.size() <= parser.window());
    if (text.empty()) return log.substr(0, log.rfind('[')) + "?";
    buffer += text.substr(0, piece);
    text.remove_prefix(std::min(piece, text.size()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data),
                              std::min<std::size_t>(size, 2000));
  const auto whole = parse(text, 100);
  const auto pieces = parse(text, 1);
  // A header that is too large may be seen earlier or later; everything before it is the same.
  if (!whole.ends_with('!') && !pieces.ends_with('!')) require(whole == pieces);
  std::ignore = shoal::net::form_boundary(text);
  return 0;
}
