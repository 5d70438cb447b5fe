#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/digest.h"

namespace shoal::delivery {

/// What the parts of a file must be, so that damage is found without reading the whole. Each list
/// is empty where nobody knows.
struct MediaHashes {
  std::vector<Sha256Digest> chunks;  ///< of each k_chunk bytes, in order
  std::uint64_t range_length = 0;
  std::vector<std::uint32_t> ranges;  ///< CRC-32C of each range_length bytes, in order

  std::size_t bytes() const {
    return (chunks.size() * sizeof(Sha256Digest)) + (ranges.size() * sizeof(std::uint32_t));
  }
  /// False when one of the ranges that lie whole in these bytes is another one; the last range of
  /// the file may be short. `offset` is theirs, `size` the file's.
  bool fit(std::uint64_t offset, std::span<const std::byte> bytes, std::uint64_t size) const;
};

}  // namespace shoal::delivery
