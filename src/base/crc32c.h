#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace shoal {

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4) of bytes that follow others, whose sum is `before`:
/// finds what a disk or a crash did to them, and is no protection against anybody. Pure.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0);

/// The same by tables, as where the processor has no instruction for it.
std::uint32_t crc32c_by_tables(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace shoal
