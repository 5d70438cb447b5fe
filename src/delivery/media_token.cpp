#include "delivery/media_token.h"

#include "base/check.h"
#include "base/digest.h"
#include "base/text.h"

namespace shoal::delivery {
namespace {

constexpr std::size_t k_head_size = 16;
constexpr std::size_t k_token_size = k_head_size + 32;

void put_big_endian(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::uint64_t get_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

MediaTokens::MediaTokens(std::string secret, const Clock& clock)
    : secret_(std::move(secret)), clock_(clock) {
  SHOAL_CHECK(secret_.size() >= 32);
}

std::string MediaTokens::signature(const Uuid& video, std::string_view head) const {
  std::string message("media-token\0", 12);
  message += video.text();
  message += head;
  return std::string(as_text(hmac_sha256(secret_, message)));
}

std::string MediaTokens::sign(const Uuid& video, std::int64_t privacy_epoch,
                              UtcTime expires) const {
  std::string token;
  put_big_endian(token, static_cast<std::uint64_t>(to_millis(expires)));
  put_big_endian(token, static_cast<std::uint64_t>(privacy_epoch));
  token += signature(video, token);
  return to_base64url(std::as_bytes(std::span(token)));
}

std::optional<UtcTime> MediaTokens::verify(std::string_view token, const Uuid& video,
                                           std::int64_t privacy_epoch) const {
  if (token.size() != k_token_size / 3 * 4) return std::nullopt;
  const auto bytes = from_base64url(token);
  if (!bytes) return std::nullopt;
  const std::string_view raw = as_text(*bytes);
  const std::string_view head = raw.substr(0, k_head_size);
  if (!constant_time_equals(raw.substr(k_head_size), signature(video, head))) return std::nullopt;
  const UtcTime expires = from_millis(static_cast<std::int64_t>(get_big_endian(head)));
  if (expires <= clock_.now()) return std::nullopt;
  if (get_big_endian(head.substr(8)) != static_cast<std::uint64_t>(privacy_epoch))
    return std::nullopt;
  return expires;
}

}  // namespace shoal::delivery
