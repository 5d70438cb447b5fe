#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::media {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

/// Big-endian cursor over bytes from outside. A read past the end yields zeros and makes ok()
/// false for good, so a parser checks once, after its reads. Value, one thread; the bytes must
/// outlive it.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }

  std::uint8_t u8() { return static_cast<std::uint8_t>(unsigned_of(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(unsigned_of(2)); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(unsigned_of(3)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(unsigned_of(4)); }
  std::uint64_t u64() { return unsigned_of(8); }
  std::int32_t i32() { return static_cast<std::int32_t>(u32()); }
  std::int64_t i64() { return static_cast<std::int64_t>(u64()); }

  void skip(std::uint64_t count) {
    if (count > remaining()) return fail();
    position_ += static_cast<std::size_t>(count);
  }
  /// `count` bytes as they are; empty when there are not as many.
  ByteView take(std::uint64_t count) {
    if (count > remaining()) {
      fail();
      return {};
    }
    const ByteView taken = bytes_.subspan(position_, static_cast<std::size_t>(count));
    position_ += static_cast<std::size_t>(count);
    return taken;
  }
  void fail() {
    ok_ = false;
    position_ = bytes_.size();
  }

 private:
  std::uint64_t unsigned_of(std::size_t count) {
    std::uint64_t value = 0;
    for (const std::byte b : take(count)) value = value << 8 | static_cast<std::uint8_t>(b);
    return value;
  }

  ByteView bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

/// Big-endian appender. One thread.
class ByteWriter {
 public:
  void u8(std::uint64_t value) { unsigned_of(value, 1); }
  void u16(std::uint64_t value) { unsigned_of(value, 2); }
  void u24(std::uint64_t value) { unsigned_of(value, 3); }
  void u32(std::uint64_t value) { unsigned_of(value, 4); }
  void u64(std::uint64_t value) { unsigned_of(value, 8); }
  void i32(std::int32_t value) { u32(static_cast<std::uint32_t>(value)); }
  void i64(std::int64_t value) { u64(static_cast<std::uint64_t>(value)); }
  void zeros(std::size_t count) { out_.insert(out_.end(), count, std::byte{0}); }
  void bytes(ByteView value) { out_.insert(out_.end(), value.begin(), value.end()); }
  void text(std::string_view value) { bytes(std::as_bytes(std::span(value))); }

  /// Overwrites four bytes written before.
  void patch_u32(std::size_t at, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) {
      out_[at + static_cast<std::size_t>(i)] = static_cast<std::byte>(value >> (24 - 8 * i) & 0xff);
    }
  }
  std::size_t size() const { return out_.size(); }
  Bytes take() { return std::move(out_); }

 private:
  void unsigned_of(std::uint64_t value, int count) {
    for (int shift = 8 * (count - 1); shift >= 0; shift -= 8) {
      out_.push_back(static_cast<std::byte>(value >> shift & 0xff));
    }
  }

  Bytes out_;
};

inline ByteView as_view(std::string_view text) {
  return std::as_bytes(std::span(text));
}

}  // namespace shoal::media
