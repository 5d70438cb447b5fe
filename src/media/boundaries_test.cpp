#include "media/boundaries.h"

#include <gtest/gtest.h>

namespace shoal::media {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<Microseconds> every(milliseconds step, seconds duration) {
  std::vector<Microseconds> times;
  for (Microseconds t{0}; t < duration; t += step) times.push_back(t);
  return times;
}

TEST(Boundaries, grid_is_four_seconds_on_whole_frames) {
  const auto list = grid_boundaries(seconds(10), {25, 1});
  EXPECT_EQ(list.starts,
            (std::vector<Microseconds>{seconds(0), seconds(2), seconds(4), seconds(8)}));
  EXPECT_EQ(list.end_of(3), seconds(10));
  EXPECT_EQ(list.longest(), seconds(4));
}

TEST(Boundaries, grid_of_ntsc_rates_is_an_even_number_of_frames) {
  const FrameRate fps{30000, 1001};
  const auto list = grid_boundaries(seconds(60), fps);
  EXPECT_EQ(frames_at(fps, list.start_of(1)), 60);
  for (std::size_t i = 2; i < list.size(); ++i) {
    EXPECT_EQ(frames_at(fps, list.start_of(i)), static_cast<std::int64_t>(i - 1) * 120);
  }
}

TEST(Boundaries, a_last_segment_under_a_second_joins_its_neighbour) {
  EXPECT_EQ(grid_boundaries(milliseconds(8900), {30, 1}).size(), 3U);
  EXPECT_EQ(grid_boundaries(milliseconds(9100), {30, 1}).size(), 4U);
  EXPECT_EQ(grid_boundaries(milliseconds(2900), {30, 1}).size(), 1U);
  EXPECT_EQ(grid_boundaries(milliseconds(300), {30, 1}).size(), 1U);
}

TEST(Boundaries, very_slow_video_still_gets_two_frames_a_segment) {
  const auto list = grid_boundaries(seconds(60), {1, 10});
  EXPECT_EQ(list.start_of(2) - list.start_of(1), seconds(10));
  EXPECT_EQ(list.start_of(3) - list.start_of(2), seconds(20));
}

TEST(Boundaries, two_second_keyframes_pair_up) {
  const auto list = keyframe_boundaries(every(milliseconds(2000), seconds(60)), seconds(60));
  ASSERT_TRUE(list);
  EXPECT_EQ(list->size(), 15U);
  EXPECT_EQ(list->longest(), seconds(4));
}

TEST(Boundaries, five_second_keyframes_are_taken_as_they_are) {
  const auto list = keyframe_boundaries(every(milliseconds(5000), seconds(60)), seconds(60));
  ASSERT_TRUE(list);
  EXPECT_EQ(list->size(), 12U);
}

TEST(Boundaries, uneven_keyframes_never_pass_the_target_when_they_need_not) {
  const auto list = keyframe_boundaries(every(milliseconds(1500), seconds(30)), seconds(30));
  ASSERT_TRUE(list);
  EXPECT_EQ(list->longest(), seconds(3));
}

TEST(Boundaries, sparse_keyframes_cannot_be_copied) {
  EXPECT_FALSE(keyframe_boundaries(every(milliseconds(8000), seconds(60)), seconds(60)));
  EXPECT_FALSE(keyframe_boundaries(std::vector<Microseconds>{seconds(0)}, seconds(7)));
  EXPECT_FALSE(keyframe_boundaries(std::vector<Microseconds>{}, seconds(7)));
  EXPECT_FALSE(keyframe_boundaries(std::vector<Microseconds>{seconds(1)}, seconds(3)));
}

TEST(FrameRate, a_frame_and_its_time_agree_for_hours) {
  for (const FrameRate fps : {FrameRate{24000, 1001}, {30000, 1001}, {60000, 1001}, {25, 1}}) {
    for (std::int64_t frame = 0; frame < 1'000'000; frame += 997) {
      ASSERT_EQ(frames_at(fps, time_of_frame(fps, frame)), frame);
    }
  }
}

}  // namespace
}  // namespace shoal::media
