#pragma once

#include <compare>
#include <cstdint>

namespace shoal {

/// A count of bytes: sizes, offsets, quotas. Never negative.
struct ByteCount {
  std::uint64_t value = 0;
  friend auto operator<=>(const ByteCount&, const ByteCount&) = default;
  friend ByteCount operator+(ByteCount a, ByteCount b) { return {a.value + b.value}; }
};

/// A rate of media or of a network.
struct BitsPerSecond {
  std::uint64_t value = 0;
  friend auto operator<=>(const BitsPerSecond&, const BitsPerSecond&) = default;
};

constexpr ByteCount operator""_KiB(unsigned long long n) {
  return {n << 10};
}
constexpr ByteCount operator""_MiB(unsigned long long n) {
  return {n << 20};
}
constexpr ByteCount operator""_GiB(unsigned long long n) {
  return {n << 30};
}

}  // namespace shoal
