// What people really upload: odd codecs, sizes, rates and containers, and what is no video at all.

#include "tests/support/transcode_fixture.h"

namespace shoal::processing {
namespace {

class OddSources : public Transcode {
 protected:
  /// The one small rendition of what `source` becomes; fails the test when it does not.
  FinishedRendition only_rendition(const Path& source) {
    PlanConfig config;
    config.ladder.resolutions = {};
    auto outcome = transcode(source, config);
    EXPECT_TRUE(outcome) << outcome.error().message;
    if (!outcome || outcome->finished.size() != 1) {
      ADD_FAILURE() << "not exactly one rendition";
      return {};
    }
    outcome_ = std::move(*outcome);
    return outcome_.finished.front();
  }

  std::string stream(const FinishedRendition& finished, const char* kind, const char* entries) {
    return run("ffprobe", {"-v", "error", "-select_streams", kind, "-show_entries",
                           fmt::format("stream={}", entries), "-of", "csv=p=0",
                           (folder_.path() / finished.file_name).string()});
  }

  Outcome outcome_;
};

std::vector<std::string> picture(const std::string& size, int fps, double seconds) {
  return {"-f", "lavfi", "-i", fmt::format("testsrc2=s={}:r={}:d={}", size, fps, seconds)};
}

TEST_F(OddSources, a_phone_s_rotated_video_stands_upright) {
  const Path upright = clip("flat.mp4", with(picture("160x90", 10, 1), {"-pix_fmt", "yuv420p"}));
  const Path rotated =
      clip("rotated.mp4", {"-i", upright.string(), "-c", "copy", "-metadata:s:v", "rotate=90"});
  const auto finished = only_rendition(rotated);
  EXPECT_EQ(outcome_.source.video->rotation, 90);
  EXPECT_EQ(stream(finished, "v:0", "width,height"), "90,160\n");
}

TEST_F(OddSources, a_variable_rate_becomes_constant) {
  const Path source =
      clip("vfr.mkv", with(picture("64x48", 30, 3), {"-vf", "select='not(mod(n,3))+lt(n,20)'",
                                                     "-vsync", "vfr", "-c:v", "mpeg4"}));
  const auto finished = only_rendition(source);
  EXPECT_TRUE(outcome_.source.video->variable);
  const auto frames = packets((folder_.path() / finished.file_name).string(), "v:0");
  expect_seamless(outcome_, finished, outcome_.plan.fps.value(), frames.size());
}

TEST_F(OddSources, a_container_that_tells_no_bitrate_is_judged_by_its_packets) {
  // Filled up to 8 Mbit/s: Matroska has no field for that.
  const Path source = clip(
      "filled.mkv",
      with(picture("64x48", 25, 4),
           {"-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "25", "-b:v", "8M", "-minrate", "8M",
            "-maxrate", "8M", "-bufsize", "8M", "-x264-params", "nal-hrd=cbr:filler=1"}));
  const auto finished = only_rendition(source);
  EXPECT_NEAR(static_cast<double>(outcome_.source.video->bitrate.value), 8e6, 1e6);
  EXPECT_FALSE(outcome_.plan.copies_top());
  EXPECT_LT(finished.size, 1'000'000U);
}

TEST_F(OddSources, slides_come_in_segments_of_seconds) {
  const Path source =
      clip("slides.mp4", {"-f", "lavfi", "-i", "testsrc2=s=64x48:r=1/20:d=60", "-c:v", "mpeg4"});
  const auto finished = only_rendition(source);
  EXPECT_EQ(outcome_.plan.target_duration(), std::chrono::seconds(4));
  expect_seamless(outcome_, finished, 10, 600);
}

TEST_F(OddSources, two_frames_with_one_time_are_no_reason_to_fail) {
  // The 33rd packet's time in ticks of a 12,800th: the same as of the frame shown before it.
  const Path source =
      clip("doubled.mp4",
           with(picture("64x48", 25, 4),
                {"-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "25", "-bf", "2", "-x264-params",
                 "b-adapt=0:scenecut=0", "-bsf:v", "setts=pts=PTS-512*eq(N\\,32)"}));
  const auto finished = only_rendition(source);
  EXPECT_TRUE(outcome_.source.video->doubled);
  EXPECT_FALSE(outcome_.plan.copies_top());
  expect_seamless(outcome_, finished, 25, 100);
}

TEST_F(OddSources, professional_pixels_become_eight_bit) {
  const Path source = clip("prores.mov", with(picture("64x48", 25, 1),
                                              {"-pix_fmt", "yuv422p10le", "-c:v", "prores_ks"}));
  const auto finished = only_rendition(source);
  EXPECT_EQ(outcome_.source.video->bit_depth, 10);
  EXPECT_EQ(stream(finished, "v:0", "codec_name,profile,pix_fmt"), "h264,High,yuv420p\n");
}

TEST_F(OddSources, high_dynamic_range_is_mapped_to_standard) {
  const Path source = clip(
      "hdr.mkv", with(picture("64x48", 10, 1),
                      {"-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-x265-params",
                       "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"}));
  const auto finished = only_rendition(source);
  EXPECT_TRUE(outcome_.source.video->hdr);
  EXPECT_EQ(stream(finished, "v:0", "pix_fmt,color_transfer"), "yuv420p,bt709\n");
}

TEST_F(OddSources, odd_sizes_and_other_pixels_are_squared) {
  const Path source = clip("odd.mkv", {"-f", "lavfi", "-i", "testsrc=s=101x57:r=10:d=1", "-vf",
                                       "setsar=2", "-c:v", "ffv1"});
  const auto finished = only_rendition(source);
  EXPECT_EQ(stream(finished, "v:0", "width,height,sample_aspect_ratio"), "202,58,1:1\n");
}

TEST_F(OddSources, sound_alone_is_a_rendition_of_its_own) {
  const Path source = clip("song.flac", {"-f", "lavfi", "-i", "sine=r=44100:d=9"});
  const auto finished = only_rendition(source);
  EXPECT_EQ(finished.resolution, 0U);
  EXPECT_EQ(finished.codecs, "mp4a.40.2");
  expect_seamless(outcome_, finished, 1, 0);
  expect_listed(outcome_, finished);
}

TEST_F(OddSources, a_cover_picture_is_no_video) {
  const Path cover = clip("cover.png", with(picture("64x64", 1, 1), {"-frames:v", "1"}));
  const Path source =
      clip("song.mp3", {"-f", "lavfi", "-i", "sine=d=2", "-i", cover.string(), "-map", "0:a",
                        "-map", "1:v", "-c:v", "mjpeg", "-disposition:v", "attached_pic"});
  EXPECT_EQ(only_rendition(source).resolution, 0U);
}

TEST_F(OddSources, a_silent_video_stays_silent) {
  const Path source =
      clip("silent.webm", with(picture("64x48", 24, 2), {"-c:v", "libvpx-vp9", "-cpu-used", "8"}));
  const auto finished = only_rendition(source);
  EXPECT_FALSE(finished.has_audio);
  expect_seamless(outcome_, finished, 24, 48);
}

TEST_F(OddSources, ntsc_rates_keep_their_frames) {
  const Path source =
      clip("ntsc.ts", {"-f", "lavfi", "-i", "testsrc2=s=64x48:r=30000/1001:d=9", "-f", "lavfi",
                       "-i", "sine=d=9", "-c:v", "mpeg2video", "-c:a", "mp2"});
  const auto finished = only_rendition(source);
  EXPECT_EQ(outcome_.plan.fps, (media::FrameRate{30000, 1001}));
  expect_seamless(outcome_, finished, 30000.0 / 1001, 270);
}

TEST_F(OddSources, a_picture_that_changes_its_size_goes_on) {
  const auto half = [&](const char* name, const char* size) {
    const Path path = clip(name, with(picture(size, 25, 3), {"-c:v", "libx264", "-g", "25"}));
    std::ifstream in(path, std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(in), {}};
  };
  const Path joined = folder_.path() / "call.ts";
  // The second half goes on where the first ended, as a call does when the network gets better.
  const Path second = clip(
      "late.ts",
      with(picture("160x120", 25, 3), {"-c:v", "libx264", "-g", "25", "-output_ts_offset", "3"}));
  std::ifstream in(second, std::ios::binary);
  std::ofstream(joined, std::ios::binary)
      << half("early.ts", "64x48") << std::string{std::istreambuf_iterator<char>(in), {}};
  const auto finished = only_rendition(joined);
  const auto frames = packets((folder_.path() / finished.file_name).string(), "v:0");
  EXPECT_NEAR(static_cast<double>(frames.size()), 150, 3);
  expect_seamless(outcome_, finished, 25, frames.size());
}

TEST_F(OddSources, surround_sound_becomes_stereo_and_goes_on_after_the_picture) {
  const Path source =
      clip("long.mkv",
           with(picture("64x48", 10, 2),
                {"-f", "lavfi", "-i", "aevalsrc='0.1*sin(900*t)|0|0.1*sin(800*t)|0|0|0':d=6:c=5.1",
                 "-c:v", "mpeg4", "-c:a", "ac3"}));
  const auto finished = only_rendition(source);
  EXPECT_EQ(stream(finished, "a:0", "channels"), "2\n");
  EXPECT_TRUE(outcome_.plan.freeze_last_frame);
  const auto frames = packets((folder_.path() / finished.file_name).string(), "v:0");
  expect_seamless(outcome_, finished, 10, frames.size());
  EXPECT_NEAR(static_cast<double>(frames.size()), 60, 1);
}

class BadSources : public OddSources {
 protected:
  Path text(const std::string& name, std::string_view content) {
    const Path path = folder_.path() / name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  Error refusal(const Path& source) {
    const auto outcome = transcode(source);
    EXPECT_FALSE(outcome);
    return outcome ? Error{} : outcome.error();
  }
};

TEST_F(BadSources, playlists_and_lists_cannot_reach_other_files) {
  const Path secret = clip("secret.mp4", picture("64x48", 10, 1));
  for (const auto& [name, content] : std::vector<std::pair<std::string, std::string>>{
           {"a.m3u8",
            fmt::format("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n", secret.string())},
           {"a.mp4", fmt::format("ffconcat version 1.0\nfile '{}'\n", secret.string())},
           {"a.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"},
           {"a.txt", "a text"},
           {"a.mkv", ""}}) {
    const Error error = refusal(text(name, content));
    EXPECT_EQ(error.code, content.empty() ? ErrorCode::invalid : ErrorCode::unsupported) << name;
    EXPECT_THAT(error.message, testing::StartsWith("The file is ")) << name;
    EXPECT_THAT(error.message, testing::Not(testing::HasSubstr(folder_.path().string())));
  }
}

TEST_F(BadSources, a_picture_is_not_a_video) {
  EXPECT_EQ(refusal(clip("a.png", with(picture("64x48", 1, 1), {"-frames:v", "1"}))).code,
            ErrorCode::unsupported);
}

TEST_F(BadSources, a_list_that_passes_for_media_reaches_nothing_either) {
  const Path secret = clip("secret.mp4", picture("64x48", 10, 1));
  // Without the look at its content first: the whitelist of containers alone must hold.
  const Path list =
      text("list.mp4", fmt::format("ffconcat version 1.0\nfile '{}'\n", secret.string()));
  const auto exit = await_now(sandbox_.run(probe_command(list, {})));
  ASSERT_TRUE(exit);
  EXPECT_NE(exit->status, 0);
}

TEST_F(BadSources, a_hang_and_a_bomb_end_with_a_reason) {
  const Path source = clip("long.mkv", with(picture("640x480", 30, 4), {"-c:v", "mpeg4"}));
  SeededRandom random(1);
  const auto media = await_now(probe(steps_, source));
  ASSERT_TRUE(media);
  const auto plan = make_plan(*media, {}, random);
  ASSERT_TRUE(plan);
  Steps impatient{sandbox_, files_, offload_, {}};
  impatient.limits.least_wall = Seconds(0);
  impatient.limits.encode_wall_per_second = 0;
  const auto late = await_now(encode_work(impatient, *plan, 0, source, folder_.path()));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::timeout) << late.error().message;
  Steps narrow{sandbox_, files_, offload_, {}};
  narrow.limits.least_output = ByteCount{1000};
  narrow.limits.output_per_second = ByteCount{1000};
  const auto large = await_now(encode_work(narrow, *plan, 0, source, folder_.path()));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::too_large) << large.error().message;
}

TEST_F(BadSources, a_file_cut_before_its_index_says_so) {
  const Path whole = clip("whole.mp4", picture("64x48", 10, 2));
  std::ifstream in(whole, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const Error error = refusal(text("cut.mp4", bytes.substr(0, bytes.size() / 2)));
  EXPECT_THAT(error.message, testing::HasSubstr("cut off"));
}

TEST_F(BadSources, a_file_without_frames_says_so) {
  for (const auto* option : {"-an", "-vn"}) {
    const Error error =
        refusal(clip("none.mp4", {"-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10", "-f", "lavfi",
                                  "-i", "sine=duration=1", "-t", "0", option}));
    EXPECT_THAT(error.message, testing::StartsWith("The file has no")) << option;
  }
}

TEST_F(BadSources, an_index_overwritten_with_noise_ends_with_a_reason) {
  const Path whole = clip("whole.mp4", with(picture("64x48", 10, 2), {"-movflags", "+faststart"}));
  std::ifstream in(whole, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  SeededRandom random(1);
  for (std::size_t i = 60; i < 1200; ++i) bytes[i] = static_cast<char>(random.below(256));
  EXPECT_THAT(refusal(text("noise.mp4", bytes)).message, testing::StartsWith("The file "));
}

TEST_F(BadSources, of_a_thousand_streams_one_is_used) {
  std::vector<std::string> arguments{"-f", "lavfi", "-i", "sine=duration=2:sample_rate=8000"};
  for (int i = 0; i < 1000; ++i) arguments.insert(arguments.end(), {"-map", "0:a"});
  arguments.insert(arguments.end(), {"-c:a", "pcm_s16le"});
  const auto finished = only_rendition(clip("thousand.mkv", arguments));
  EXPECT_EQ(stream(finished, "a", "index"), "0\n");
}

TEST_F(BadSources, a_truncated_stream_is_published_as_far_as_it_goes) {
  const Path whole = clip("whole.mkv", with(picture("64x48", 25, 8), {"-c:v", "mpeg4"}));
  std::ifstream in(whole, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const auto finished = only_rendition(text("cut.mkv", bytes.substr(0, bytes.size() / 2)));
  const auto frames = packets((folder_.path() / finished.file_name).string(), "v:0");
  EXPECT_GT(frames.size(), 50U);
  EXPECT_LT(frames.size(), 200U);
}

TEST_F(BadSources, damage_inside_does_not_stop_the_rest) {
  const Path whole = clip("whole.ts", with(picture("64x48", 25, 9), {"-c:v", "mpeg2video"}));
  std::ifstream in(whole, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  for (std::size_t i = bytes.size() / 2; i < bytes.size() / 2 + 3000; ++i) bytes[i] = 'x';
  const auto finished = only_rendition(text("damaged.ts", bytes));
  run("ffmpeg",
      {"-v", "error", "-nostdin", "-i", (folder_.path() / finished.file_name).string(), "-f",
       "null", "-"},
      true);
  EXPECT_GT(finished.segments.size(), 1U);
}

TEST_F(BadSources, what_takes_too_long_is_stopped_with_a_reason) {
  io::ProcessExit exit;
  exit.timed_out = true;
  EXPECT_EQ(explain(exit, "encode").code, ErrorCode::timeout);
  exit = {};
  exit.status = 1;
  exit.standard_error = "/srv/data/x.mp4: Invalid data found when processing input";
  EXPECT_EQ(explain(exit, "read").message,
            "The file could not be used: it is damaged, or not a video (while trying to read it).");
  for (const auto* trouble : {"av_interleaved_write_frame(): No space left on device",
                              "/data/work/1/piece-0.mp4: Read-only file system"}) {
    exit.standard_error = trouble;
    EXPECT_EQ(explain(exit, "encode").code, ErrorCode::unavailable) << trouble;
  }
}

}  // namespace
}  // namespace shoal::processing
