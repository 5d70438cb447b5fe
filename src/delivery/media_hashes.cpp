#include "delivery/media_hashes.h"

#include <algorithm>

#include "base/crc32c.h"

namespace shoal::delivery {

bool MediaHashes::fit(std::uint64_t offset, std::span<const std::byte> bytes,
                      std::uint64_t size) const {
  if (ranges.empty()) return true;
  const std::uint64_t end = offset + bytes.size();
  for (std::uint64_t number = (offset + range_length - 1) / range_length; number < ranges.size();
       ++number) {
    const std::uint64_t from = number * range_length;
    const std::uint64_t to = std::min(from + range_length, size);
    if (from >= to || to > end) break;
    if (crc32c(bytes.subspan(from - offset, to - from)) != ranges[number]) return false;
  }
  return true;
}

}  // namespace shoal::delivery
