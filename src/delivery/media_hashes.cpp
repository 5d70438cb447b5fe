#include "delivery/media_hashes.h"

#include <algorithm>

namespace shoal::delivery {

bool MediaHashes::fit(std::uint64_t offset, std::span<const std::byte> bytes,
                      std::uint64_t size) const {
  if (pieces.empty()) return true;
  const std::uint64_t end = offset + bytes.size();
  for (std::uint64_t number = (offset + piece_length - 1) / piece_length; number < pieces.size();
       ++number) {
    const std::uint64_t from = number * piece_length;
    const std::uint64_t to = std::min(from + piece_length, size);
    if (from >= to || to > end) break;
    if (Sha1::of(bytes.subspan(from - offset, to - from)) != pieces[number]) return false;
  }
  return true;
}

}  // namespace shoal::delivery
