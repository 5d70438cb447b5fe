#include "delivery/disk_cache/s3_fifo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"

namespace shoal::delivery {
namespace {

constexpr std::uint32_t k_size = 40'000;  // 40 960 bytes on the disk

/// Chunks 0 to 1999; making hashes takes longer than all else here.
const std::vector<ChunkHash>& chunks() {
  static const std::vector<ChunkHash> made = [] {
    std::vector<ChunkHash> hashes(2000);
    for (std::size_t i = 0; i < hashes.size(); ++i) hashes[i] = Sha256::of(std::to_string(i));
    return hashes;
  }();
  return made;
}
ChunkHash chunk(int number) {
  return chunks().at(static_cast<std::size_t>(number));
}

/// Room for `chunks` of k_size, driven as the disk cache does: shrink, then insert.
struct S3FifoTest : testing::Test {
  explicit S3FifoTest(std::uint64_t chunks = 20)
      : limit(chunks * S3Fifo::cost_of(k_size)), order(limit) {}
  /// What went for it.
  std::vector<int> insert(int number, std::uint32_t size = k_size) {
    std::vector<int> gone;
    for (const S3Fifo::Kept& kept : order.shrink_to(limit - S3Fifo::cost_of(size)))
      gone.push_back(static_cast<int>(std::ranges::find(chunks(), kept.chunk) - chunks().begin()));
    order.insert({chunk(number), size});
    EXPECT_LE(order.bytes(), limit);
    return gone;
  }
  bool play(int number) { return order.use(chunk(number), 0); }

  std::uint64_t limit;
  S3Fifo order;
};

TEST_F(S3FifoTest, counts_what_the_disk_takes) {
  EXPECT_EQ(S3Fifo::cost_of(1), 4096U);
  EXPECT_EQ(S3Fifo::cost_of(4096 - ChunkTrailer::k_size), 4096U);
  EXPECT_EQ(S3Fifo::cost_of(4096), 8192U);
  insert(1);
  insert(2, 1);
  EXPECT_EQ(order.bytes(), 40'960U + 4096U);
  EXPECT_TRUE(order.erase(chunk(1)));
  EXPECT_FALSE(order.erase(chunk(1)));
  EXPECT_EQ(order.bytes(), 4096U);
  EXPECT_FALSE(order.use(chunk(1), 0));
}

TEST_F(S3FifoTest, what_was_played_once_goes_in_the_order_in_which_it_came) {
  for (int i = 0; i < 20; ++i) EXPECT_THAT(insert(i), testing::IsEmpty());
  EXPECT_THAT(insert(20), testing::ElementsAre(0));
  play(1);
  EXPECT_THAT(insert(21), testing::ElementsAre(1)) << "one use more is not enough";
}

TEST_F(S3FifoTest, what_is_played_often_outlives_any_number_of_others) {
  insert(0);
  insert(1);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(play(0) && play(1));
  for (int i = 2; i < 1000; ++i) {
    insert(i);
    if (i % 50 == 0) play(0);
  }
  EXPECT_TRUE(order.contains(chunk(0)));
  EXPECT_TRUE(order.contains(chunk(1))) << "nothing else came into the main queue";
}

TEST_F(S3FifoTest, in_the_main_queue_each_use_is_a_turn_more_and_no_more_than_three) {
  for (int i = 0; i < 20; ++i) order.insert_old({chunk(i), k_size});
  for (int i = 0; i < 10; ++i) play(0);
  play(1);
  std::vector<int> gone;
  // Each new one is played twice, so that it passes into the main queue.
  for (int i = 20; i < 120; ++i) {
    for (const int old : insert(i))
      if (old < 20) gone.push_back(old);
    play(i);
    play(i);
  }
  ASSERT_EQ(gone.size(), 20U);
  EXPECT_EQ(gone.front(), 2) << "0 and 1 have been used";
  EXPECT_EQ(gone.back(), 0);
  EXPECT_LT(std::ranges::find(gone, 1), std::ranges::find(gone, 0));
}

TEST_F(S3FifoTest, what_comes_again_soon_goes_straight_into_the_main_queue) {
  for (int i = 0; i < 21; ++i) insert(i);
  ASSERT_FALSE(order.contains(chunk(0)));
  insert(0);
  for (int i = 100; i < 140; ++i) insert(i);
  EXPECT_TRUE(order.contains(chunk(0))) << "it would have gone with those of its time";
}

TEST_F(S3FifoTest, what_left_long_ago_is_forgotten) {
  for (int i = 0; i < 100; ++i) insert(i);
  insert(0);
  for (int i = 100; i < 140; ++i) insert(i);
  EXPECT_FALSE(order.contains(chunk(0)));
}

TEST_F(S3FifoTest, a_viewer_who_goes_through_a_chunk_uses_it_once) {
  insert(0);
  for (std::uint64_t offset = 0; offset < k_size; offset += 1000) order.use(chunk(0), offset);
  for (int i = 1; i < 30; ++i) insert(i);
  EXPECT_FALSE(order.contains(chunk(0)));
}

TEST_F(S3FifoTest, a_small_one_takes_a_small_place) {
  insert(0);
  for (int i = 1; i < 100; ++i) insert(i, 3000);
  EXPECT_TRUE(order.contains(chunk(0)));
  EXPECT_THAT(insert(200, 500'000), testing::Contains(0));
}

TEST_F(S3FifoTest, the_number_is_bounded_as_the_bytes_are) {
  S3Fifo small(100 << 20);
  std::size_t inserted = 0;
  for (; inserted < 10'000; ++inserted) {
    small.shrink_to(99 << 20);
    small.insert({Sha256::of(std::to_string(inserted)), 1});
  }
  EXPECT_EQ(small.size(), small.most());
  EXPECT_LT(small.most(), 5000U);
}

TEST_F(S3FifoTest, to_nothing_is_a_way_to_shrink) {
  for (int i = 0; i < 20; ++i) {
    insert(i);
    for (int use = 0; use < i; ++use) play(i);
  }
  EXPECT_EQ(order.shrink_to(0).size(), 20U);
  EXPECT_EQ(order.bytes(), 0U);
  EXPECT_THAT(order.shrink_to(0), testing::IsEmpty());
}

TEST_F(S3FifoTest, at_random_its_books_are_right) {
  SeededRandom random{7};
  std::unordered_map<int, std::uint32_t> kept;
  for (int step = 0; step < 20'000; ++step) {
    const int number = static_cast<int>(random.below(60));
    if (random.below(3) == 0) {
      const std::uint32_t size = static_cast<std::uint32_t>(1 + random.below(100'000));
      if (order.contains(chunk(number))) continue;
      for (const int gone : insert(number, size)) kept.erase(gone);
      kept[number] = size;
    } else if (random.below(20) == 0) {
      EXPECT_EQ(order.erase(chunk(number)), kept.erase(number) == 1);
    } else {
      EXPECT_EQ(order.use(chunk(number), random.below(3)), kept.contains(number));
    }
    std::uint64_t bytes = 0;
    for (const auto& [of, size] : kept) bytes += S3Fifo::cost_of(size);
    ASSERT_EQ(order.bytes(), bytes);
    ASSERT_EQ(order.size(), kept.size());
  }
}

}  // namespace
}  // namespace shoal::delivery
