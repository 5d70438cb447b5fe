// The whole way with a real ffmpeg, on clips it makes itself.
#include <thread>

#include "tests/support/transcode_fixture.h"
#include "tests/support/watched_file_system.h"

namespace shoal::processing {
namespace {

io::Task<Result<std::thread::id>> current_thread() {
  co_return std::this_thread::get_id();
}

io::Task<> make_and_tell(const Steps& steps, const Plan& plan, Path source, Path folder,
                         io::TaskGroup& group, bool& ended) {
  (void)co_await make_audio(steps, plan, {}, std::move(source), std::move(folder),
                            [&group](const AudioManifest&) { group.cancel(); });
  ended = true;
}

/// Cancels once the first piece was told; gives whether the step ended by that.
io::Task<Result<bool>> cancel_sound(const Steps& steps, const Plan& plan, Path source,
                                    Path folder) {
  const auto executor = co_await boost::asio::this_coro::executor;
  bool ended = false;
  io::TaskGroup group(executor, "sound");
  group.spawn(make_and_tell(steps, plan, std::move(source), std::move(folder), group, ended));
  co_await group.drain();
  co_return !ended;
}

TEST_F(Transcode, encoded_work_segments_join_without_a_seam) {
  const Path source = clip("source.mkv", with(test_picture("320x240", 25, 10),
                                              {"-c:v", "mpeg4", "-g", "25", "-c:a", "libmp3lame"}));
  PlanConfig config;
  config.ladder.resolutions = {120, 240};
  // Other threads for the first work segment than for the rest, as a server has it.
  steps_.limits.encoder_threads = 1;
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

TEST_F(Transcode, no_file_is_read_on_the_thread_that_serves) {
  const Path source =
      clip("source.mkv", with(test_picture("64x48", 10, 70), {"-c:v", "mpeg4", "-c:a", "libopus"}));
  tests::WatchedFileSystem watched;
  const Steps steps{sandbox_, watched, offload_, {}};
  const auto serving = await_now(current_thread()).value();
  SeededRandom random(1);
  const auto media = await_now(probe(steps, source));
  ASSERT_TRUE(media) << media.error().message;
  const auto plan = make_plan(*media, {}, random);
  ASSERT_TRUE(plan);
  std::vector<AudioManifest> told;
  const auto sound =
      await_now(make_audio(steps, *plan, {}, source, folder_.path(),
                           [&](const AudioManifest& manifest) { told.push_back(manifest); }));
  ASSERT_TRUE(sound) << sound.error().message;
  // The source and three pieces: to 8 s, to 60 s, and the rest.
  EXPECT_EQ(watched.opened().size(), 4U);
  for (const auto& opened : watched.opened()) EXPECT_NE(opened.thread, serving) << opened.path;
  ASSERT_FALSE(told.empty());
  for (std::size_t i = 1; i < told.size(); ++i) {
    EXPECT_GE(told[i].frames(), told[i - 1].frames());
    EXPECT_EQ(told[i].complete, i + 1 == told.size());
  }
  EXPECT_EQ(told.back().pieces.size(), 3U);
  EXPECT_EQ(told.back().frames(), sound->frames());
}

TEST_F(Transcode, sound_that_is_cancelled_while_it_is_read_ends) {
  const Path source =
      clip("source.mkv", with(test_picture("64x48", 10, 70), {"-c:v", "mpeg4", "-c:a", "libopus"}));
  SeededRandom random(1);
  const auto media = await_now(probe(steps_, source));
  ASSERT_TRUE(media);
  const auto plan = make_plan(*media, {}, random);
  ASSERT_TRUE(plan);
  const auto cancelled = await_now(cancel_sound(steps_, *plan, source, folder_.path()));
  ASSERT_TRUE(cancelled);
  EXPECT_TRUE(*cancelled);
}

}  // namespace
}  // namespace shoal::processing
