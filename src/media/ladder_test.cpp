#include "media/ladder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal::media {
namespace {

std::vector<std::uint32_t> resolutions(const std::vector<LadderRung>& rungs) {
  std::vector<std::uint32_t> out;
  out.reserve(rungs.size());
  for (const LadderRung& rung : rungs) out.push_back(rung.resolution);
  return out;
}

TEST(Ladder, goes_up_to_the_source_and_no_further) {
  const auto rungs = build_ladder({1280, 720, {30, 1}}, {});
  EXPECT_THAT(resolutions(rungs), testing::ElementsAre(720, 480, 360, 240));
  EXPECT_EQ(rungs[1].width, 854U);
  EXPECT_EQ(rungs[3].width, 426U);
  EXPECT_THAT(resolutions(build_ladder({640, 360, {30, 1}}, {})), testing::ElementsAre(360, 240));
}

TEST(Ladder, the_sources_own_size_is_kept_when_asked) {
  EXPECT_THAT(resolutions(build_ladder({1920, 1080, {24, 1}}, {})),
              testing::ElementsAre(1080, 720, 480, 360, 240));
  LadderConfig config;
  config.always_original = false;
  EXPECT_THAT(resolutions(build_ladder({1920, 1080, {24, 1}}, config)),
              testing::ElementsAre(720, 480, 360, 240));
}

TEST(Ladder, portrait_is_named_by_its_short_side) {
  const auto rungs = build_ladder({1080, 1920, {30, 1}}, {});
  EXPECT_EQ(rungs[0].resolution, 1080U);
  EXPECT_EQ(rungs[1].width, 720U);
  EXPECT_EQ(rungs[1].height, 1280U);
}

TEST(Ladder, odd_and_tiny_sources_become_even) {
  const auto rungs = build_ladder({101, 57, {30, 1}}, {});
  ASSERT_EQ(rungs.size(), 1U);
  EXPECT_EQ(rungs[0].width % 2, 0U);
  EXPECT_EQ(rungs[0].height % 2, 0U);
  EXPECT_EQ(build_ladder({1, 1, {30, 1}}, {}).at(0).width, 2U);
}

TEST(Ladder, high_frame_rates_are_divided_for_small_pictures) {
  const auto rungs = build_ladder({1280, 720, {60000, 1001}}, {});
  EXPECT_EQ(rungs[0].fps, (FrameRate{60000, 1001}));
  EXPECT_NEAR(rungs[1].fps.value(), 29.97, 0.01);
  EXPECT_NEAR(build_ladder({1280, 720, {120, 1}}, {})[0].fps.value(), 60, 0.01);
  EXPECT_NEAR(build_ladder({640, 360, {50, 1}}, {})[0].fps.value(), 25, 0.01);
}

TEST(Ladder, bitrate_grows_with_pixels_and_frames) {
  const auto of = [](std::uint32_t w, std::uint32_t h, std::uint32_t fps) {
    return max_bitrate(w, h, {fps, 1}).value;
  };
  EXPECT_LT(of(426, 240, 30), of(854, 480, 30));
  EXPECT_LT(of(1280, 720, 30), of(1280, 720, 60));
  EXPECT_EQ(of(1280, 720, 30), 3'200'000U);
  EXPECT_LE(of(16384, 16384, 60), 80'000'000U);
}

TEST(Ladder, a_source_above_the_largest_is_scaled_down) {
  const auto rungs = build_ladder({7680, 4320, {30, 1}}, {});
  EXPECT_EQ(rungs[0].resolution, 2160U);
  EXPECT_EQ(rungs[0].width, 3840U);
}

}  // namespace
}  // namespace shoal::media
