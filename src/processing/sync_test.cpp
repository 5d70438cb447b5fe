// Sound and picture stay together, to the sample and to the frame: the clip's sound is a chirp,
// whose correlation has one sharp peak, and the brightness of each of its frames tells its number.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "tests/support/transcode_fixture.h"

namespace shoal::processing {
namespace {

constexpr int k_fps = 25;
constexpr int k_rate = 48000;
/// A tone that is never the same twice within a second.
constexpr const char* k_chirp =
    "aevalsrc='0.4*sin(2*PI*(2200*t-1700/(2*PI*0.83)*cos(2*PI*0.83*t)))':s=48000";

class Sync : public Transcode {
 protected:
  std::vector<std::string> numbered_chirp(double seconds) {
    return {"-f",
            "lavfi",
            "-i",
            fmt::format("nullsrc=s=128x96:r={}:d={},format=gray,"
                        "geq=lum='40+15*mod(N*7\\,13)',format=yuv420p",
                        k_fps, seconds),
            "-f",
            "lavfi",
            "-i",
            fmt::format("{}:d={}", k_chirp, seconds)};
  }

  /// What is heard from `start` of the file's own timeline on, whatever is stored before it.
  std::vector<std::int16_t> samples(const std::string& file, const std::string& start = "0") {
    const std::string raw = run("ffmpeg", {"-v", "error", "-nostdin", "-copyts", "-i", file, "-vn",
                                           "-af", "atrim=start=" + start, "-ac", "1", "-ar",
                                           std::to_string(k_rate), "-f", "s16le", "-"});
    std::vector<std::int16_t> values(raw.size() / 2);
    std::memcpy(values.data(), raw.data(), values.size() * 2);
    return values;
  }

  std::vector<int> brightness(const std::string& file) {
    const std::string raw =
        run("ffmpeg", {"-v", "error", "-nostdin", "-i", file, "-an", "-vf", "scale=1:1:flags=area",
                       "-pix_fmt", "gray", "-vsync", "passthrough", "-f", "rawvideo", "-"});
    std::vector<int> values;
    for (const char c : raw) values.push_back(static_cast<unsigned char>(c));
    return values;
  }

  /// By how many samples `heard` is later than `original`, around `at`; `most` to either side.
  static int lag(const std::vector<std::int16_t>& original, const std::vector<std::int16_t>& heard,
                 std::size_t at, int most = 1500) {
    double best = 0;
    int best_lag = most + 1;
    for (int shift = -most; shift <= most; ++shift) {
      double sum = 0;
      for (std::size_t i = at; i < at + 6000; ++i) {
        sum += static_cast<double>(original[i]) *
               heard[static_cast<std::size_t>(static_cast<std::ptrdiff_t>(i) + shift)];
      }
      if (sum > best) {
        best = sum;
        best_lag = shift;
      }
    }
    return best_lag;
  }

  /// In samples; the tone itself has none.
  static std::ptrdiff_t longest_silence(std::span<const std::int16_t> heard) {
    const auto loud = [](std::int16_t value) { return std::abs(value) > 300; };
    std::ptrdiff_t longest = 0;
    for (auto from = heard.begin(); from != heard.end();) {
      const auto to = std::find_if(from, heard.end(), loud);
      longest = std::max(longest, to - from);
      from = std::find_if_not(to, heard.end(), loud);
    }
    return longest;
  }

  void expect_in_sync(const Path& source, const Outcome& outcome, int late_samples = 0,
                      std::size_t frames = 225) {
    const auto original =
        samples(source.string(), fmt::format("{}us", outcome.plan.origin.count()));
    for (const FinishedRendition& finished : outcome.finished) {
      const std::string file = (folder_.path() / finished.file_name).string();
      const auto heard = samples(file);
      // Before, at and after the cuts of the work segments at 2 s, 4 s and 8 s.
      for (const double second : {0.2, 1.95, 3.9, 4.0, 6.0, 7.95}) {
        const auto at = static_cast<std::size_t>(second * k_rate);
        ASSERT_LT(at + 8000, heard.size());
        EXPECT_EQ(lag(original, heard, at), late_samples) << finished.resolution << "p, " << second;
      }
      const auto shown = brightness(file);
      ASSERT_EQ(shown.size(), frames);
      for (std::size_t n = 0; n < shown.size(); ++n) {
        ASSERT_NEAR(shown[n], 40 + 15 * static_cast<int>(n * 7 % 13), 7) << "frame " << n;
      }
    }
  }
};

TEST_F(Sync, encoded_sound_and_picture_stay_where_they_were) {
  const Path source = clip(
      "source.mkv", with(numbered_chirp(9), {"-c:v", "mpeg4", "-q:v", "2", "-c:a", "pcm_s16le"}));
  const auto outcome = transcode(source);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->plan.audio.mode, StreamMode::encode);
  expect_in_sync(source, *outcome);
}

TEST_F(Sync, sound_that_is_taken_up_again_joins_what_was_left_to_the_sample) {
  const Path source =
      clip("source.mkv", with(numbered_chirp(20), {"-c:v", "mpeg4", "-c:a", "pcm_s16le"}));
  SeededRandom random(1);
  const auto media = await_now(probe(steps_, source));
  ASSERT_TRUE(media);
  const auto plan = make_plan(*media, {}, random);
  ASSERT_TRUE(plan);
  const Path folder = folder_.path() / "first";
  const Path later = folder_.path() / "later";
  std::filesystem::create_directories(folder);
  std::filesystem::create_directories(later);
  const auto whole = await_now(make_audio(steps_, *plan, {}, source, folder, {}));
  ASSERT_TRUE(whole) << whole.error().message;
  ASSERT_EQ(whole->pieces.size(), 2U);

  AudioManifest left = *whole;
  left.pieces.pop_back();
  left.complete = false;
  const auto made = await_now(make_audio(steps_, *plan, left, source, later, {}));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->complete);
  EXPECT_EQ(made->frames(), whole->frames());
  EXPECT_FALSE(std::filesystem::exists(audio_piece_path(later, 0)));
  const auto before = samples(audio_piece_path(folder, 1).string());
  const auto after = samples(audio_piece_path(later, 1).string());
  ASSERT_EQ(after.size(), before.size());
  for (const std::size_t at : {2000UL, 100'000UL, 500'000UL}) EXPECT_EQ(lag(before, after, at), 0);

  // Everything was stored but the word that it is all.
  left = *whole;
  left.complete = false;
  const auto nothing = await_now(make_audio(steps_, *plan, left, source, later, {}));
  ASSERT_TRUE(nothing);
  EXPECT_TRUE(nothing->complete);
  EXPECT_EQ(nothing->frames(), whole->frames());
}

TEST_F(Sync, copied_sound_and_picture_stay_where_they_were) {
  const Path source =
      clip("source.mp4", with(numbered_chirp(9), {"-c:v", "libx264", "-g", "50", "-crf", "15",
                                                  "-c:a", "aac", "-b:a", "192k"}));
  PlanConfig config;
  config.ladder.resolutions = {48, 96};
  const auto outcome = transcode(source, config);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_TRUE(outcome->plan.copies_top());
  EXPECT_EQ(outcome->plan.audio.mode, StreamMode::copy);
  expect_in_sync(source, *outcome);
}

TEST_F(Sync, a_transport_stream_that_does_not_start_at_zero) {
  const Path source =
      clip("source.ts", with(numbered_chirp(9), {"-c:v", "libx264", "-g", "50", "-crf", "15",
                                                 "-c:a", "mp2", "-b:a", "192k"}));
  PlanConfig config;
  config.ladder.resolutions = {48, 96};
  const auto outcome = transcode(source, config);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_GT(outcome->plan.origin, Microseconds(1'000'000));
  expect_in_sync(source, *outcome);
}

TEST_F(Sync, sound_that_lost_frames_here_and_there_does_not_run_ahead) {
  // Each fourth frame of AAC, a hundred in all: no gap is long, but together they are two seconds.
  const Path source =
      clip("lossy.mp4",
           with(numbered_chirp(9), {"-c:v", "libx264", "-g", "50", "-crf", "15", "-c:a", "aac",
                                    "-b:a", "192k", "-bsf:a", "noise=drop='eq(mod(n\\,4)\\,3)'"}));
  PlanConfig config;
  config.ladder.resolutions = {96};
  const auto outcome = transcode(source, config);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_TRUE(outcome->plan.copies_top());
  EXPECT_EQ(outcome->plan.audio.mode, StreamMode::encode);
  const Path plain = clip("plain.wav", {"-f", "lavfi", "-i", fmt::format("{}:d=9", k_chirp)});
  const auto original = samples(plain.string());
  const auto heard = samples((folder_.path() / outcome->finished.at(0).file_name).string());
  for (const double second : {0.2, 2.0, 3.9, 6.0, 7.9}) {
    // Off by a frame and a half at most: ears do not notice that.
    const int late = lag(original, heard, static_cast<std::size_t>(second * k_rate), 6000);
    EXPECT_LE(std::abs(late), k_rate * 30 / 1000) << second;
  }
}

TEST_F(Sync, sound_whose_times_jitter_is_not_cut_up) {
  // As recorded by a browser that stamps packets when they arrive: every second one 20 ms late.
  const Path source =
      clip("jitter.mp4",
           with(numbered_chirp(9), {"-c:v", "libx264", "-g", "50", "-crf", "15", "-c:a", "aac",
                                    "-b:a", "192k", "-bsf:a", "setts=ts=TS+960*mod(N\\,2)"}));
  PlanConfig config;
  config.ladder.resolutions = {96};
  const auto outcome = transcode(source, config);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->plan.audio.mode, StreamMode::encode);
  const Path plain = clip("plain.wav", {"-f", "lavfi", "-i", fmt::format("{}:d=9", k_chirp)});
  const auto original = samples(plain.string());
  const auto heard = samples((folder_.path() / outcome->finished.at(0).file_name).string());
  const int late = lag(original, heard, k_rate);
  EXPECT_LE(std::abs(late), 960);
  EXPECT_EQ(lag(original, heard, 8 * k_rate), late);
  EXPECT_LT(longest_silence(std::span(heard).subspan(k_rate / 2, 8 * k_rate)), 100);
}

TEST_F(Sync, sound_that_starts_later_stays_later) {
  auto arguments = numbered_chirp(9);
  // The sound half a second after the picture: silence is put before it.
  arguments.insert(arguments.begin() + 4, {"-itsoffset", "0.5"});
  const Path source =
      clip("source.mkv",
           with(arguments, {"-c:v", "mpeg4", "-q:v", "2", "-c:a", "pcm_s16le", "-t", "9"}));
  const auto outcome = transcode(source);
  ASSERT_TRUE(outcome) << outcome.error().message;
  const Path plain = clip("plain.wav", {"-f", "lavfi", "-i", fmt::format("{}:d=9", k_chirp)});
  const auto original = samples(plain.string());
  const auto heard = samples((folder_.path() / outcome->finished.at(0).file_name).string());
  const std::vector<std::int16_t> shifted(heard.begin() + k_rate / 2, heard.end());
  for (const double second : {0.2, 3.9, 7.9}) {
    EXPECT_EQ(lag(original, shifted, static_cast<std::size_t>(second * k_rate)), 0) << second;
  }
}

}  // namespace
}  // namespace shoal::processing
