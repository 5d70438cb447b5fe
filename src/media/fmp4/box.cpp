#include "media/fmp4/box.h"

#include <fmt/format.h>

namespace shoal::media::fmp4 {

std::string fourcc_text(std::uint32_t type) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    const char c = static_cast<char>(type >> shift & 0xff);
    text.push_back(c >= 0x20 && c < 0x7f ? c : '?');
  }
  return text;
}

Result<BoxHeader> parse_box_header(ByteView bytes) {
  ByteReader reader(bytes);
  BoxHeader header;
  header.size = reader.u32();
  header.type = reader.u32();
  if (header.size == 1) header.size = reader.u64();
  header.header_size = reader.position();
  if (!reader.ok()) return fail(ErrorCode::corrupt, "a media box header is cut off");
  if (header.size != 0 && header.size < header.header_size) {
    return fail(ErrorCode::corrupt, fmt::format("media box '{}' is smaller than its own header",
                                                fourcc_text(header.type)));
  }
  return header;
}

bool BoxWalker::next(Box& box) {
  if (rest_.empty()) return false;
  const auto header = parse_box_header(rest_);
  const std::uint64_t size = header && header->size != 0 ? header->size : rest_.size();
  if (!header || size > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return false;
  }
  box.type = header->type;
  box.whole = rest_.first(static_cast<std::size_t>(size));
  box.payload = box.whole.subspan(static_cast<std::size_t>(header->header_size));
  rest_ = rest_.subspan(static_cast<std::size_t>(size));
  return true;
}

Result<Box> find_box(ByteView parent, std::uint32_t type) {
  BoxWalker walker(parent);
  Box box;
  while (walker.next(box)) {
    if (box.type == type) return box;
  }
  return fail(ErrorCode::corrupt, fmt::format("media box '{}' is missing", fourcc_text(type)));
}

}  // namespace shoal::media::fmp4
