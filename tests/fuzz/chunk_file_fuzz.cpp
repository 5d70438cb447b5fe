#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "base/crc32c.h"
#include "delivery/disk_cache/chunk_file.h"

using shoal::delivery::ChunkTrailer;

namespace {

/// What is taken for right is written again as it was read.
void check(std::span<const std::byte> bytes) {
  const auto trailer = shoal::delivery::parse_trailer(bytes);
  if (!trailer) return;
  if (!std::ranges::equal(shoal::delivery::render_trailer(*trailer), bytes)) std::abort();
  (void)trailer->is_piece(trailer->piece_count(), bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  check(bytes);
  (void)shoal::delivery::parse_chunk_name({reinterpret_cast<const char*>(data), size}).has_value();
  if (size < ChunkTrailer::k_size) return 0;
  // With the mark and the sum made right, so that what they guard is reached as well.
  shoal::delivery::TrailerBytes sealed{};
  std::ranges::copy(bytes.first(sealed.size()), sealed.begin());
  constexpr std::string_view k_mark = "ShoalCk1";
  std::ranges::copy(std::as_bytes(std::span(k_mark)), sealed.begin());
  const auto sum = shoal::crc32c(std::span(sealed).first(sealed.size() - 4));
  for (std::size_t i = 0; i < 4; ++i)
    sealed[sealed.size() - 4 + i] = static_cast<std::byte>(sum >> (8 * i));
  check(sealed);
  return 0;
}
