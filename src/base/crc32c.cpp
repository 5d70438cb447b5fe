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
/// The instruction takes three cycles and one can begin in each: three lanes of so many bytes are
/// summed side by side, and put together by what zeros of a lane's length do to a sum.
constexpr std::size_t k_lane = 4096;
constexpr std::size_t k_lanes = 3;

class LaneShift {
 public:
  LaneShift() {
    std::array<std::uint32_t, 32> bits{};
    for (std::size_t bit = 0; bit < bits.size(); ++bit) {
      bits[bit] = std::uint32_t{1} << bit;
      for (std::size_t zero = 0; zero < k_lane; ++zero)
        bits[bit] = add_byte(bits[bit], std::byte{0});
    }
    for (std::size_t part = 0; part < tables_.size(); ++part) {
      for (std::size_t byte = 0; byte < 256; ++byte) {
        for (std::size_t bit = 0; bit < 8; ++bit)
          if ((byte >> bit & 1) != 0) tables_[part][byte] ^= bits[(part * 8) + bit];
      }
    }
  }
  std::uint32_t operator()(std::uint64_t sum) const {
    return tables_[0][sum & 0xff] ^ tables_[1][sum >> 8 & 0xff] ^ tables_[2][sum >> 16 & 0xff] ^
           tables_[3][sum >> 24 & 0xff];
  }

 private:
  std::array<std::array<std::uint32_t, 256>, 4> tables_{};
};

__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_processor(
    std::span<const std::byte> bytes, std::uint32_t before) {
  static const LaneShift shift;
  std::uint64_t sum = ~before;
  while (bytes.size() >= k_lanes * k_lane) {
    auto first = bytes.first(k_lane);
    auto second = bytes.subspan(k_lane, k_lane);
    auto third = bytes.subspan(2 * k_lane, k_lane);
    std::uint64_t sum_of_second = 0;
    std::uint64_t sum_of_third = 0;
    while (!first.empty()) {
      sum = __builtin_ia32_crc32di(sum, take_word(first));
      sum_of_second = __builtin_ia32_crc32di(sum_of_second, take_word(second));
      sum_of_third = __builtin_ia32_crc32di(sum_of_third, take_word(third));
    }
    sum = shift(shift(sum) ^ sum_of_second) ^ sum_of_third;
    bytes = bytes.subspan(k_lanes * k_lane);
  }
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
