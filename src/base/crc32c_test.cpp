#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace shoal {
namespace {

std::uint32_t sum_of(std::string_view text) {
  return crc32c(std::as_bytes(std::span(text)));
}

TEST(Crc32c, gives_the_values_of_the_standard) {
  EXPECT_EQ(sum_of(""), 0U);
  EXPECT_EQ(sum_of("123456789"), 0xe3069283U);
  // RFC 3720, appendix B.4.
  EXPECT_EQ(sum_of(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(sum_of(std::string(32, '\xff')), 0x62a8ab43U);
  std::string rising(32, '\0');
  for (std::size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<char>(i);
  EXPECT_EQ(sum_of(rising), 0x46dd794eU);
}

TEST(Crc32c, is_the_same_by_tables_and_in_parts_of_any_size) {
  SeededRandom random{5};
  std::vector<std::byte> bytes(300);
  random.fill(bytes);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const auto all = std::span<const std::byte>(bytes).first(size);
    const std::uint32_t sum = crc32c(all);
    ASSERT_EQ(crc32c_by_tables(all), sum) << size;
    const std::size_t middle = size / 3;
    ASSERT_EQ(crc32c(all.subspan(middle), crc32c(all.first(middle))), sum) << size;
    ASSERT_EQ(crc32c_by_tables(all.subspan(middle), crc32c_by_tables(all.first(middle))), sum);
  }
}

TEST(Crc32c, of_many_bytes_is_the_same_by_tables) {
  SeededRandom random{6};
  std::vector<std::byte> bytes(100'000);
  random.fill(bytes);
  for (const std::size_t size : {12'287, 12'288, 12'289, 24'576, 40'000, 100'000}) {
    for (const std::size_t begin : {0, 1, 7}) {
      const auto some = std::span<const std::byte>(bytes).subspan(begin, size - begin);
      EXPECT_EQ(crc32c(some, 77), crc32c_by_tables(some, 77)) << size << " " << begin;
    }
  }
}

}  // namespace
}  // namespace shoal
