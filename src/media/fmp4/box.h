#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "media/bytes.h"

namespace shoal::media::fmp4 {

/// ISO/IEC 14496-12 four-character code.
constexpr std::uint32_t fourcc(std::string_view name) {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(name[0])) << 24 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(name[1])) << 16 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(name[2])) << 8 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(name[3]));
}
/// For messages: printable characters as they are, others as '?'.
std::string fourcc_text(std::uint32_t type);

struct BoxHeader {
  std::uint32_t type = 0;
  std::uint64_t header_size = 0;
  /// The whole box; 0 stands for "to the end of the file".
  std::uint64_t size = 0;
};

/// Bytes that are enough for any box header.
constexpr std::size_t k_box_header_limit = 16;

/// Reads the header at the start of `bytes` (section 4.2). corrupt when it is cut or its size is
/// smaller than itself.
Result<BoxHeader> parse_box_header(ByteView bytes);

struct Box {
  std::uint32_t type = 0;
  ByteView payload;
  /// Header and payload.
  ByteView whole;
};

/// Walks the boxes of one level. `next` gives false at the end or on a defect: then ok() tells
/// which. Every box lies inside the bytes given. Value, one thread.
class BoxWalker {
 public:
  explicit BoxWalker(ByteView bytes) : rest_(bytes) {}
  bool next(Box& box);
  bool ok() const { return ok_; }

 private:
  ByteView rest_;
  bool ok_ = true;
};

/// The first child of that type.
Result<Box> find_box(ByteView parent, std::uint32_t type);

struct FullBoxHeader {
  std::uint8_t version = 0;
  std::uint32_t flags = 0;
};
inline FullBoxHeader read_full_box(ByteReader& reader) {
  const std::uint32_t word = reader.u32();
  return {static_cast<std::uint8_t>(word >> 24), word & 0xffffff};
}

/// Writes a box around what `content` writes, and its size afterwards.
template <class Content>
void write_box(ByteWriter& out, std::string_view type, Content&& content) {
  const std::size_t start = out.size();
  out.u32(0);
  out.text(type);
  std::forward<Content>(content)();
  out.patch_u32(start, static_cast<std::uint32_t>(out.size() - start));
}
template <class Content>
void write_full_box(ByteWriter& out, std::string_view type, std::uint8_t version,
                    std::uint32_t flags, Content&& content) {
  write_box(out, type, [&] {
    out.u8(version);
    out.u24(flags);
    std::forward<Content>(content)();
  });
}

}  // namespace shoal::media::fmp4
