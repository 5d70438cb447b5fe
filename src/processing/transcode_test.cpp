// The whole way with a real ffmpeg, on clips it makes itself.
#include "tests/support/transcode_fixture.h"

namespace shoal::processing {
namespace {

TEST_F(Transcode, encoded_work_segments_join_without_a_seam) {
  const Path source = clip("source.mkv", with(test_picture("320x240", 25, 10),
                                              {"-c:v", "mpeg4", "-g", "25", "-c:a", "libmp3lame"}));
  PlanConfig config;
  config.ladder.resolutions = {120, 240};
  const auto outcome = transcode(source, config);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->plan.work_segments.size(), 4U);
  ASSERT_EQ(outcome->finished.size(), 2U);
  for (const FinishedRendition& finished : outcome->finished) {
    expect_seamless(*outcome, finished, 25, 250);
    expect_listed(*outcome, finished);
    EXPECT_THAT(finished.codecs, testing::MatchesRegex("avc1\\.6400[0-9a-f]{2},mp4a\\.40\\.2"));
  }
  const auto master = media::m3u8::parse_master_playlist(outcome->master);
  ASSERT_TRUE(master);
  EXPECT_EQ(master->variants.at(0).resolution, (media::m3u8::Resolution{160, 120}));
  EXPECT_EQ(master->variants.at(1).resolution, (media::m3u8::Resolution{320, 240}));
}

TEST_F(Transcode, a_copied_top_and_encoded_rest_share_their_boundaries) {
  const Path source = clip("source.mp4", with(test_picture("320x240", 30, 10),
                                              {"-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "60",
                                               "-sc_threshold", "0", "-c:a", "aac"}));
  PlanConfig config;
  config.ladder.resolutions = {120, 240};
  const auto outcome = transcode(source, config);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_TRUE(outcome->plan.copies_top());
  EXPECT_EQ(outcome->plan.audio.mode, StreamMode::copy);
  for (const FinishedRendition& finished : outcome->finished) {
    expect_seamless(*outcome, finished, 30, 300);
    expect_listed(*outcome, finished);
  }
}

TEST_F(Transcode, a_running_playlist_only_grows_and_ends_once) {
  const Path source = clip(
      "source.mkv", with(test_picture("160x120", 10, 9.5), {"-c:v", "mpeg4", "-c:a", "libopus"}));
  const auto outcome = transcode(source);
  ASSERT_TRUE(outcome) << outcome.error().message;
  const auto& texts = outcome->running.at(120);
  ASSERT_GT(texts.size(), 2U);
  for (std::size_t i = 1; i < texts.size(); ++i) {
    EXPECT_TRUE(texts[i].starts_with(texts[i - 1]));
    EXPECT_EQ(texts[i].ends_with("#EXT-X-ENDLIST\n"), i + 1 == texts.size());
  }
  // ffmpeg plays the running playlist to its end.
  const Path playlist = folder_.path() / "running.m3u8";
  std::ofstream(playlist) << texts.back();
  const auto frames = packets(playlist.string(), "v:0");
  EXPECT_EQ(frames.size(), 95U);
}

}  // namespace
}  // namespace shoal::processing
