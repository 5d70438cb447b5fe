#include "base/ids.h"

#include <algorithm>
#include <span>

#include "base/text.h"

namespace shoal {
namespace {

constexpr std::string_view k_base58 = "123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ";
constexpr std::size_t k_short_length = 22;

}  // namespace

Uuid Uuid::generate(Random& random) {
  Uuid uuid;
  random.fill(std::as_writable_bytes(std::span(uuid.bytes_)));
  uuid.bytes_[6] = static_cast<std::uint8_t>((uuid.bytes_[6] & 0x0f) | 0x40);
  uuid.bytes_[8] = static_cast<std::uint8_t>((uuid.bytes_[8] & 0x3f) | 0x80);
  return uuid;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  std::string digits;
  digits.reserve(32);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-')) return std::nullopt;
    if (!dash) digits.push_back(text[i]);
  }
  Uuid uuid;
  if (!from_hex(digits, std::as_writable_bytes(std::span(uuid.bytes_)))) return std::nullopt;
  return uuid;
}

std::optional<Uuid> Uuid::parse_short(std::string_view text) {
  if (text.size() != k_short_length) return std::nullopt;
  Uuid uuid;
  for (const char c : text) {
    const auto digit = k_base58.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    unsigned carry = static_cast<unsigned>(digit);
    for (std::size_t i = uuid.bytes_.size(); i-- > 0;) {
      carry += 58U * uuid.bytes_[i];
      uuid.bytes_[i] = static_cast<std::uint8_t>(carry & 0xff);
      carry >>= 8;
    }
    if (carry != 0) return std::nullopt;
  }
  return uuid;
}

std::string Uuid::text() const {
  std::string out = to_hex(std::as_bytes(std::span(bytes_)));
  for (const std::size_t at : {20U, 16U, 12U, 8U}) out.insert(at, 1, '-');
  return out;
}

std::string Uuid::short_text() const {
  auto number = bytes_;
  std::string out(k_short_length, k_base58.front());
  for (std::size_t i = out.size(); i-- > 0;) {
    unsigned remainder = 0;
    for (auto& byte : number) {
      remainder = (remainder << 8) | byte;
      byte = static_cast<std::uint8_t>(remainder / 58);
      remainder %= 58;
    }
    out[i] = k_base58[remainder];
  }
  return out;
}

}  // namespace shoal
