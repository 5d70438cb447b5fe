#include "delivery/disk_cache/chunk_file.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/crc32c.h"
#include "base/random.h"

namespace shoal::delivery {
namespace {

std::vector<std::byte> random_bytes(std::size_t size) {
  SeededRandom random{size};
  std::vector<std::byte> bytes(size);
  random.fill(bytes);
  return bytes;
}

ChunkTrailer sum_up(std::span<const std::byte> bytes, std::size_t part) {
  ChunkSummer summer;
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(part, bytes.size())))
    summer.update(bytes.first(std::min(part, bytes.size())));
  return summer.finish();
}

TEST(ChunkFile, its_sums_are_those_of_the_bytes_however_they_come) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{65'535}, std::size_t{65'536},
                                 std::size_t{200'001}, std::size_t{k_chunk}}) {
    const auto bytes = random_bytes(size);
    const ChunkTrailer trailer = sum_up(bytes, size);
    EXPECT_EQ(sum_up(bytes, 1 + (size / 7)), trailer) << size;
    EXPECT_EQ(trailer.chunk, Sha256::of(bytes));
    EXPECT_EQ(trailer.size, size);
    EXPECT_EQ(trailer.piece_count(), (size + 65'535) / 65'536);
    for (std::size_t i = 0; i < trailer.piece_count(); ++i) {
      const std::size_t at = i * 65'536;
      auto piece = std::span(bytes).subspan(at, std::min<std::size_t>(65'536, size - at));
      EXPECT_TRUE(trailer.is_piece(i, piece));
      EXPECT_FALSE(trailer.is_piece(i, piece.first(piece.size() - 1)));
      EXPECT_FALSE(trailer.is_piece(i + ChunkTrailer::k_pieces, piece));
    }
  }
}

TEST(ChunkFile, a_trailer_comes_back_as_it_was_and_no_bit_of_it_may_change) {
  const ChunkTrailer trailer = sum_up(random_bytes(150'000), 150'000);
  TrailerBytes bytes = render_trailer(trailer);
  const auto parsed = parse_trailer(bytes);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, trailer);
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const std::byte mask{static_cast<unsigned char>(1U << (bit % 8))};
    bytes[bit / 8] ^= mask;
    const auto changed = parse_trailer(bytes);
    ASSERT_FALSE(changed) << bit;
    EXPECT_EQ(changed.error().code, ErrorCode::corrupt);
    bytes[bit / 8] ^= mask;
  }
  EXPECT_FALSE(parse_trailer(std::span(bytes).first(bytes.size() - 1)));
  EXPECT_FALSE(parse_trailer({}));
  EXPECT_FALSE(parse_trailer(TrailerBytes{})) << "zeros, as a crash leaves them";
}

TEST(ChunkFile, a_trailer_with_a_right_sum_may_tell_nothing_impossible) {
  ChunkTrailer trailer = sum_up(random_bytes(150'000), 150'000);
  for (const std::uint32_t size : {std::uint32_t{0}, std::uint32_t{k_chunk + 1}, UINT32_MAX}) {
    trailer.size = size;
    EXPECT_FALSE(parse_trailer(render_trailer(trailer))) << size;
  }
  trailer.size = 131'072;
  EXPECT_FALSE(parse_trailer(render_trailer(trailer))) << "a sum of a piece that is not there";
}

TEST(ChunkFile, its_name_is_its_hash) {
  const ChunkHash chunk = Sha256::of("abc");
  const std::string path = chunk_path(chunk);
  EXPECT_EQ(path, "ba/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(parse_chunk_name(path.substr(3)), chunk);
  const std::vector<std::string> others = {
      path, path.substr(4), path.substr(3) + "0", "BA" + path.substr(5), "x" + path.substr(4), ""};
  for (const std::string& name : others) EXPECT_EQ(parse_chunk_name(name), std::nullopt) << name;
}

}  // namespace
}  // namespace shoal::delivery
