#include "delivery/disk_cache/chunk_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/text.h"

namespace shoal::delivery {
namespace {

constexpr std::string_view k_mark = "ShoalCk1";

void put_number(std::span<std::byte>& out, std::uint32_t number) {
  for (int i = 0; i < 4; ++i) out[static_cast<std::size_t>(i)] = std::byte(number >> (8 * i));
  out = out.subspan(4);
}

void put_bytes(std::span<std::byte>& out, std::span<const std::byte> bytes) {
  std::ranges::copy(bytes, out.begin());
  out = out.subspan(bytes.size());
}

std::uint32_t take_number(std::span<const std::byte>& bytes) {
  std::uint32_t number = 0;
  for (int i = 0; i < 4; ++i)
    number |= std::to_integer<std::uint32_t>(bytes[static_cast<std::size_t>(i)]) << (8 * i);
  bytes = bytes.subspan(4);
  return number;
}

}  // namespace

bool ChunkTrailer::is_piece(std::size_t number, std::span<const std::byte> bytes) const {
  return number < pieces.size() && crc32c(bytes) == pieces[number];
}

TrailerBytes render_trailer(const ChunkTrailer& trailer) {
  TrailerBytes bytes{};
  std::span<std::byte> rest = bytes;
  put_bytes(rest, std::as_bytes(std::span(k_mark)));
  put_bytes(rest, trailer.chunk);
  put_number(rest, trailer.size);
  for (const std::uint32_t piece : trailer.pieces) put_number(rest, piece);
  put_number(rest, crc32c(std::span(bytes).first(bytes.size() - rest.size())));
  return bytes;
}

Result<ChunkTrailer> parse_trailer(std::span<const std::byte> bytes) {
  const auto bad = [](std::string what) {
    return fail(ErrorCode::corrupt, "a chunk's trailer " + std::move(what));
  };
  if (bytes.size() != ChunkTrailer::k_size) return bad("has another size");
  std::span<const std::byte> rest = bytes;
  if (!std::ranges::equal(rest.first(k_mark.size()), std::as_bytes(std::span(k_mark))))
    return bad("has no mark");
  rest = rest.subspan(k_mark.size());
  ChunkTrailer trailer;
  std::ranges::copy(rest.first(trailer.chunk.size()), trailer.chunk.begin());
  rest = rest.subspan(trailer.chunk.size());
  trailer.size = take_number(rest);
  for (std::uint32_t& piece : trailer.pieces) piece = take_number(rest);
  if (take_number(rest) != crc32c(bytes.first(bytes.size() - 4))) return bad("has a wrong sum");
  if (trailer.size == 0 || trailer.size > k_chunk) return bad("tells a size that no chunk has");
  const auto behind = std::span(trailer.pieces).subspan(trailer.piece_count());
  if (std::ranges::any_of(behind, [](std::uint32_t sum) { return sum != 0; }))
    return bad("has sums of pieces that are not there");
  return trailer;
}

void ChunkSummer::update(std::span<const std::byte> bytes) {
  hash_.update(bytes);
  while (!bytes.empty()) {
    SHOAL_CHECK(trailer_.size < k_chunk);
    std::uint32_t& piece = trailer_.pieces[trailer_.size / ChunkTrailer::k_piece];
    const std::size_t left = ChunkTrailer::k_piece - (trailer_.size % ChunkTrailer::k_piece);
    const auto part = bytes.first(std::min(left, bytes.size()));
    piece = crc32c(part, piece);
    trailer_.size += static_cast<std::uint32_t>(part.size());
    bytes = bytes.subspan(part.size());
  }
}

ChunkTrailer ChunkSummer::finish() {
  trailer_.chunk = hash_.finish();
  return trailer_;
}

std::string chunk_path(const ChunkHash& chunk) {
  const std::string name = to_hex(chunk);
  return fmt::format("{}/{}", name.substr(0, 2), name);
}

std::optional<ChunkHash> parse_chunk_name(std::string_view name) {
  ChunkHash chunk;
  // The one way in which we write it.
  if (!from_hex(name, chunk) || to_hex(chunk) != name) return std::nullopt;
  return chunk;
}

}  // namespace shoal::delivery
