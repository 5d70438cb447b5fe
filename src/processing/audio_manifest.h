#pragma once

#include <cstdint>
#include <vector>

namespace shoal::processing {

/// The finished sound: which file holds which frames.
struct AudioManifest {
  struct Piece {
    std::uint64_t first_frame = 0;
    std::uint64_t frames = 0;
  };
  std::vector<Piece> pieces;
  std::uint32_t samples_per_frame = 1024;
  /// The audio step ended: there will be no more pieces.
  bool complete = false;

  std::uint64_t frames() const {
    return pieces.empty() ? 0 : pieces.back().first_frame + pieces.back().frames;
  }
};

}  // namespace shoal::processing
