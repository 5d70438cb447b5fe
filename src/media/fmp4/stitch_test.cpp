#include "media/fmp4/stitch.h"

#include <gtest/gtest.h>

namespace shoal::media::fmp4 {
namespace {

/// I P B B in decode order at 25 frames a second on ffmpeg's 12800, first shown one frame late.
std::vector<Sample> encoded() {
  return {{0, 9, 0, 512, 512, true},
          {9, 8, 512, 1536, 512, false},
          {17, 7, 1024, 0, 512, false},
          {24, 6, 1536, 0, 512, false}};
}
constexpr FrameGrid k_grid{90000, 3600};

TEST(PutOnGrid, stretches_follow_each_other_without_a_gap) {
  auto first = encoded();
  auto second = encoded();
  ASSERT_TRUE(put_on_grid(first, 12800, k_grid, {0, 4, 2}));
  ASSERT_TRUE(put_on_grid(second, 12800, k_grid, {4, 4, 2}));
  EXPECT_EQ(first.front().decode_time, 0);
  EXPECT_EQ(second.front().decode_time, first.back().decode_time + 3600);
  // Shown two frames later than decoded, in order 0 1 2 3.
  EXPECT_EQ(first[0].presentation_time(), 2 * 3600);
  EXPECT_EQ(first[1].presentation_time(), 5 * 3600);
  EXPECT_EQ(first[2].presentation_time(), 3 * 3600);
  EXPECT_EQ(second[0].presentation_time(), 6 * 3600);
}

TEST(PutOnGrid, missing_frames_at_the_end_prolong_the_last) {
  auto samples = encoded();
  ASSERT_TRUE(put_on_grid(samples, 12800, k_grid, {10, 6, 2}));
  EXPECT_EQ(samples.back().duration, 3 * 3600U);
  auto last = encoded();
  ASSERT_TRUE(put_on_grid(last, 12800, k_grid, {10, 0, 2}));
  EXPECT_EQ(last.back().duration, 3600U);
}

TEST(PutOnGrid, holes_doubles_surplus_and_late_frames_are_corrupt) {
  auto hole = encoded();
  hole[1].composition_offset += 512;
  EXPECT_FALSE(put_on_grid(hole, 12800, k_grid, {0, 4, 2}));
  auto doubled = encoded();
  doubled[3].composition_offset = -512;
  EXPECT_FALSE(put_on_grid(doubled, 12800, k_grid, {0, 4, 2}));
  auto surplus = encoded();
  EXPECT_FALSE(put_on_grid(surplus, 12800, k_grid, {0, 3, 2}));
  auto late = encoded();
  EXPECT_FALSE(put_on_grid(late, 12800, k_grid, {0, 4, 0}));
  auto headless = encoded();
  headless[0].sync = false;
  EXPECT_FALSE(put_on_grid(headless, 12800, k_grid, {0, 4, 2}));
}

TEST(PutOnTimeline, keeps_the_sources_distances_and_fills_to_the_next_boundary) {
  std::vector<Sample> samples{{0, 9, 0, 2000, 1000, true},
                              {9, 8, 1000, 4000, 1000, false},
                              {17, 7, 2000, 1500, 1000, false}};
  ASSERT_TRUE(put_on_timeline(samples, 1000, 2000, {10'000, 20'000, 4000}));
  EXPECT_EQ(samples[0].decode_time, 10'000);
  EXPECT_EQ(samples[0].presentation_time(), 14'000);
  EXPECT_EQ(samples[1].presentation_time(), 14'000 + 6000);
  EXPECT_EQ(samples[2].presentation_time(), 14'000 + 3000);
  EXPECT_EQ(samples[2].decode_time + samples[2].duration, 20'000);
}

TEST(PutOnTimeline, one_time_for_two_frames_and_overlong_stretches_are_corrupt) {
  std::vector<Sample> twice{{0, 9, 0, 0, 1000, true}, {9, 8, 0, 0, 1000, false}};
  EXPECT_FALSE(put_on_timeline(twice, 1000, 1000, {0, 5000, 0}));
  std::vector<Sample> beyond{{0, 9, 0, 0, 1000, true}, {9, 8, 7000, 0, 1000, false}};
  EXPECT_FALSE(put_on_timeline(beyond, 1000, 1000, {0, 5000, 0}));
  std::vector<Sample> late{{0, 9, 0, 5000, 1000, true}, {9, 8, 1000, 0, 1000, false}};
  EXPECT_FALSE(put_on_timeline(late, 1000, 1000, {0, 9000, 0}));
}

TEST(CutAtSync, neighbours_share_nothing_and_lose_nothing) {
  std::vector<Sample> samples;
  samples.reserve(12);
  for (std::int64_t i = 0; i < 12; ++i) samples.push_back({0, 1, i * 10, 0, 10, i % 4 == 0});
  const auto first = cut_at_sync(samples, 0, 41);
  const auto second = cut_at_sync(samples, 41, 1000);
  EXPECT_EQ(first.size() + second.size(), samples.size());
  EXPECT_EQ(second.front().decode_time, 80);
  EXPECT_TRUE(cut_at_sync(samples, 200, 300).empty());
}

TEST(CutByStart, takes_what_starts_inside) {
  std::vector<Sample> samples;
  samples.reserve(10);
  for (std::int64_t i = 0; i < 10; ++i) samples.push_back({0, 1, i * 1024, 0, 1024, true});
  EXPECT_EQ(cut_by_start(samples, 0, 1024).size(), 1U);
  EXPECT_EQ(cut_by_start(samples, 1, 2049).size(), 2U);
  EXPECT_EQ(cut_by_start(samples, 20000, 30000).size(), 0U);
}

TEST(Rescale, rounds_to_the_nearest_on_both_sides_of_zero) {
  EXPECT_EQ(rescale(1, 90000, 48000), 2);
  EXPECT_EQ(rescale(-1, 90000, 48000), -2);
  EXPECT_EQ(rescale(std::int64_t{1} << 50, 90000, 90000), std::int64_t{1} << 50);
}

}  // namespace
}  // namespace shoal::media::fmp4
