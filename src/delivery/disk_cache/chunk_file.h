#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"

namespace shoal::delivery {

/// A file is cut into chunks of this many bytes, the last one shorter: what the catalogue has a
/// SHA-256 of.
inline constexpr std::uint64_t k_chunk = std::uint64_t{4} << 20;

/// A chunk is known by what it holds.
using ChunkHash = Sha256Digest;

/// What ends the file of a chunk: docs/formats/media-cache.md. Plain value.
struct ChunkTrailer {
  /// What a read looks at the least: a piece has a sum of its own.
  static constexpr std::uint32_t k_piece = std::uint32_t{64} << 10;
  static constexpr std::size_t k_pieces = k_chunk / k_piece;
  /// Bytes of a trailer: mark, hash, size, sums, its own sum.
  static constexpr std::size_t k_size = 8 + 32 + 4 + 4 * k_pieces + 4;

  ChunkHash chunk{};
  std::uint32_t size = 0;                        ///< bytes of the chunk: 1 to k_chunk
  std::array<std::uint32_t, k_pieces> pieces{};  ///< CRC-32C of each; 0 behind the last

  bool is_piece(std::size_t number, std::span<const std::byte> bytes) const;
  std::size_t piece_count() const { return (size + k_piece - 1) / k_piece; }
  friend bool operator==(const ChunkTrailer&, const ChunkTrailer&) = default;
};
using TrailerBytes = std::array<std::byte, ChunkTrailer::k_size>;

TrailerBytes render_trailer(const ChunkTrailer& trailer);
/// Errors: corrupt.
Result<ChunkTrailer> parse_trailer(std::span<const std::byte> bytes);

/// Sums up a chunk that comes in parts of any size. One thread; finish() ends it.
class ChunkSummer {
 public:
  /// At most k_chunk bytes in all.
  void update(std::span<const std::byte> bytes);
  /// With the hash that the bytes have.
  ChunkTrailer finish();

 private:
  Sha256 hash_;
  ChunkTrailer trailer_;
};

/// The file of a chunk below the cache's folder: `ab/ab…`, 64 hex digits.
std::string chunk_path(const ChunkHash& chunk);
/// What is behind the slash, back; nothing for other names.
std::optional<ChunkHash> parse_chunk_name(std::string_view name);

}  // namespace shoal::delivery
