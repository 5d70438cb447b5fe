#include "base/crc32c.h"

#include <array>
#include <bit>
#include <cstring>

namespace shoal {
namespace {

/// Bytes that are taken at a time ("slicing-by-8").
constexpr std::size_t k_slice = 8;
using Tables = std::array<std::array<std::uint32_t, 256>, k_slice>;

constexpr Tables make_tables() {
  constexpr std::uint32_t k_polynomial = 0x82f63b78;  // 0x1edc6f41, the lowest bit first
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t sum = byte;
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1) != 0 ? k_polynomial : 0);
    tables[0][byte] = sum;
  }
  for (std::size_t slice = 1; slice < k_slice; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t sum = tables[slice - 1][byte];
      tables[slice][byte] = (sum >> 8) ^ tables[0][sum & 0xff];
    }
  }
  return tables;
}
constexpr Tables k_tables = make_tables();

std::uint64_t take_word(std::span<const std::byte>& bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data(), k_slice);
  bytes = bytes.subspan(k_slice);
  return std::endian::native == std::endian::big ? std::byteswap(word) : word;
}

std::uint32_t add_byte(std::uint32_t sum, std::byte byte) {
  return (sum >> 8) ^ k_tables[0][(sum ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_processor(
    std::span<const std::byte> bytes, std::uint32_t before) {
  std::uint64_t sum = ~before;
  while (bytes.size() >= k_slice) sum = __builtin_ia32_crc32di(sum, take_word(bytes));
  auto rest = static_cast<std::uint32_t>(sum);
  for (const std::byte byte : bytes) rest = add_byte(rest, byte);
  return ~rest;
}
#endif

}  // namespace

std::uint32_t crc32c_by_tables(std::span<const std::byte> bytes, std::uint32_t before) {
  std::uint32_t sum = ~before;
  while (bytes.size() >= k_slice) {
    const std::uint64_t word = take_word(bytes) ^ sum;
    sum = 0;
    for (std::size_t slice = 0; slice < k_slice; ++slice)
      sum ^= k_tables[k_slice - 1 - slice][(word >> (8 * slice)) & 0xff];
  }
  for (const std::byte byte : bytes) sum = add_byte(sum, byte);
  return ~sum;
}

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return crc32c_by_processor(bytes, before);
#endif
  return crc32c_by_tables(bytes, before);
}

}  // namespace shoal
