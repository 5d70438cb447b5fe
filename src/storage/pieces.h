#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/digest.h"
#include "base/ids.h"
#include "db/session.h"

namespace shoal::storage {

/// The SHA-1 of each piece of a file, as its torrent names them (BEP 3).
struct Pieces {
  std::uint64_t length = 0;  ///< bytes of each piece but the last
  std::string sha1;          ///< the digests themselves, 20 bytes each, in order
};

/// 256 KiB, and more where that would be over 2048 pieces, so that a torrent stays small.
std::uint64_t piece_length_of(std::uint64_t size);

/// Feeds a stream of any chunking into the hash of each piece. One thread.
class PieceHasher {
 public:
  /// `size` is that of the whole file.
  explicit PieceHasher(std::uint64_t size) : length_(piece_length_of(size)) {}
  void update(std::span<const std::byte> bytes);
  Pieces finish();

 private:
  void end_piece();
  std::uint64_t length_;
  std::uint64_t filled_ = 0;
  Sha1 piece_;
  std::string digests_;
};

/// Nothing when they are not made yet.
std::optional<Pieces> find_pieces(db::Session& session, FileId file);
/// The file's row must be there.
void record_pieces(db::Session& session, FileId file, const Pieces& pieces);

}  // namespace shoal::storage
