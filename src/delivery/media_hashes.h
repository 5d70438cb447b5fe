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
  std::uint64_t piece_length = 0;
  std::vector<Sha1Digest> pieces;  ///< of each piece_length bytes, in order (BEP 3)

  std::size_t bytes() const {
    return (chunks.size() * sizeof(Sha256Digest)) + (pieces.size() * sizeof(Sha1Digest));
  }
  /// False when one of the pieces that lie whole in these bytes is another one; the last piece of
  /// the file may be short. `offset` is theirs, `size` the file's.
  bool fit(std::uint64_t offset, std::span<const std::byte> bytes, std::uint64_t size) const;
};

}  // namespace shoal::delivery
