#include "processing/playlists.h"

#include <gtest/gtest.h>

namespace shoal::processing {
namespace {

using std::chrono::seconds;

PackagedSegment segment(Microseconds duration, std::uint64_t bytes) {
  return {duration, {0, bytes}, {}};
}

/// Four segments of four seconds, 3.2 Mbit/s at most and sound of 128 kbit/s.
class RunningMaster : public testing::Test {
 protected:
  RunningMaster() {
    for (int i = 0; i < 4; ++i) plan_.boundaries.starts.push_back(seconds(4 * i));
    plan_.boundaries.end = seconds(16);
    plan_.audio.bitrate = {128'000};
    RenditionPlan& rendition = plan_.renditions.emplace_back();
    rendition.resolution = 720;
    rendition.width = 1280;
    rendition.height = 720;
    rendition.fps = {30, 1};
    rendition.max_bitrate = {3'200'000};
  }

  std::uint64_t bandwidth(std::vector<PackagedSegment> segments) {
    RunningRendition running;
    running.rendition = &plan_.renditions.front();
    running.codecs = "avc1.64001f,mp4a.40.2";
    running.segments = std::move(segments);
    const auto master = media::m3u8::parse_master_playlist(running_master(plan_, {running}));
    EXPECT_TRUE(master);
    return master->variants.at(0).bandwidth.value;
  }

  Plan plan_;
};

TEST_F(RunningMaster, expects_what_the_encoder_s_buffer_allows) {
  EXPECT_EQ(bandwidth({segment(seconds(4), 100'000)}), 4'928'000U);
}

TEST_F(RunningMaster, says_the_same_while_segments_stay_below_that) {
  const auto light = segment(seconds(4), 100'000);
  const auto heavy = segment(seconds(4), 2'400'000);
  EXPECT_EQ(bandwidth({light, heavy, light}), bandwidth({light}));
}

TEST_F(RunningMaster, says_more_once_more_was_measured) {
  EXPECT_EQ(bandwidth({segment(seconds(4), 3'000'000)}), 6'000'000U);
}

TEST_F(RunningMaster, knows_the_peak_of_a_copied_picture) {
  plan_.renditions.front().video = StreamMode::copy;
  EXPECT_EQ(bandwidth({segment(seconds(4), 100'000)}), 3'328'000U);
}

TEST(PeakBitrate, is_that_of_neighbours_of_about_the_target_duration) {
  const Microseconds target = seconds(4);
  // A short last one is no peak of its own, but counts with the one before it.
  const std::vector ends_short{segment(seconds(4), 500'000), segment(seconds(1), 500'000)};
  EXPECT_EQ(peak_bitrate(ends_short, target).value, 1'600'000U);
  const std::vector halves{segment(seconds(2), 500'000), segment(seconds(2), 250'000)};
  EXPECT_EQ(peak_bitrate(halves, target).value, 2'000'000U);
  EXPECT_EQ(peak_bitrate(std::vector{segment(seconds(1), 125'000)}, target).value, 1'000'000U);
  EXPECT_EQ(peak_bitrate({}, target).value, 0U);
}

}  // namespace
}  // namespace shoal::processing
