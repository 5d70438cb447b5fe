#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/text.h"
#include "io/runtime.h"
#include "media/m3u8/playlist.h"
#include "media/segments_sha256.h"
#include "tests/support/local_transcode.h"
#include "tests/support/plain_runner.h"
#include "tests/support/temporary_directory.h"

namespace shoal::processing {

using Outcome = tests::LocalTranscode::Outcome;

/// Transcodes clips that ffmpeg makes on the spot, and looks into the result.
class Transcode : public testing::Test {
 protected:
  /// Runs a program and gives what it wrote; fails the test when it fails.
  std::string run(std::string program, std::vector<std::string> arguments, bool quiet = false) {
    io::Command command;
    command.program = std::move(program);
    command.arguments = std::move(arguments);
    const auto exit = await_now(runner_.run(std::move(command)));
    EXPECT_TRUE(exit && exit->status == 0) << (exit ? exit->standard_error : "not started");
    if (quiet) EXPECT_EQ(exit->standard_error, "");
    return exit->standard_output;
  }

  /// Runs one step to its end on the runtime's thread.
  template <class T>
  T await_now(io::Task<T> task) {
    std::optional<T> result;
    runtime_.run_until_done(store(std::move(task), &result));
    return std::move(*result);
  }

  Path clip(const std::string& name, std::vector<std::string> arguments) {
    const Path path = folder_.path() / name;
    std::vector<std::string> all{"-v", "error", "-nostdin", "-y"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    all.push_back(path.string());
    run("ffmpeg", std::move(all));
    return path;
  }

  Result<Outcome> transcode(Path source, PlanConfig config = {}) {
    tests::LocalTranscode transcode(steps_, folder_.path(), std::move(config));
    return await_now(transcode.run(std::move(source)));
  }

  /// Packets of one kind of a finished file: times in seconds, in file order.
  struct Packet {
    double pts = 0;
    double dts = 0;
    double duration = 0;
  };
  std::vector<Packet> packets(const std::string& file, const char* kind) {
    const std::string text = run("ffprobe",
                                 {"-v", "error", "-select_streams", kind, "-show_entries",
                                  "packet=pts_time,dts_time,duration_time", "-of", "csv=p=0", file},
                                 true);
    std::vector<Packet> packets;
    for (const std::string_view line : split(text, '\n')) {
      const auto fields = split(line, ',');
      if (fields.size() < 3) continue;
      const auto number = [&](std::size_t i) { return std::atof(std::string(fields[i]).c_str()); };
      packets.push_back({number(0), number(1), number(2)});
    }
    return packets;
  }

  /// No error, no gap and nothing twice in a finished file, to the tick.
  void expect_seamless(const Outcome& outcome, const FinishedRendition& finished, double fps,
                       std::size_t frames) {
    const std::string file = (folder_.path() / finished.file_name).string();
    run("ffmpeg", {"-v", "warning", "-nostdin", "-xerror", "-i", file, "-f", "null", "-"}, true);
    if (frames > 0) {
      auto video = packets(file, "v:0");
      ASSERT_EQ(video.size(), frames);
      for (std::size_t i = 1; i < video.size(); ++i) EXPECT_GT(video[i].dts, video[i - 1].dts);
      std::ranges::sort(video, {}, &Packet::pts);
      for (std::size_t i = 0; i < video.size(); ++i) {
        ASSERT_NEAR(video[i].pts, static_cast<double>(i) / fps, 0.0001) << "frame " << i;
      }
    }
    if (outcome.plan.audio.mode != StreamMode::none) {
      const auto audio = packets(file, "a:0");
      const double step = 1024.0 / outcome.plan.audio.sample_rate;
      for (std::size_t i = 1; i < audio.size(); ++i) {
        ASSERT_NEAR(audio[i].pts - audio[i - 1].pts, step, 0.0001) << "audio frame " << i;
      }
    }
  }

  /// What the playlist says is in the file, and the digests are of those bytes.
  void expect_listed(const Outcome& outcome, const FinishedRendition& finished) {
    const auto playlist = media::m3u8::parse_media_playlist(finished.playlist);
    ASSERT_TRUE(playlist);
    ASSERT_TRUE(media::m3u8::check(*playlist));
    EXPECT_TRUE(playlist->ended);
    std::ifstream in(folder_.path() / finished.file_name, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(bytes.size(), finished.size);
    const auto digests = media::parse_segments_sha256(outcome.digests);
    ASSERT_TRUE(digests);
    const auto file =
        std::ranges::find(*digests, finished.file_name, &media::FileDigests::file_name);
    ASSERT_NE(file, digests->end());
    ASSERT_EQ(file->segments.size(), playlist->segments.size());
    for (std::size_t i = 0; i < playlist->segments.size(); ++i) {
      const auto range = playlist->segments[i].range.value();
      EXPECT_EQ(file->segments[i].first_byte, range.offset);
      EXPECT_EQ(file->segments[i].last_byte, range.offset + range.length - 1);
      EXPECT_EQ(Sha256::of(std::string_view(bytes).substr(range.offset, range.length)),
                file->segments[i].sha256);
    }
    EXPECT_EQ(file->segments.back().last_byte + 1, bytes.size());
  }

  tests::TemporaryDirectory folder_;
  /// Makes and measures clips; the steps under test run in the real sandbox.
  tests::PlainRunner runner_;
  io::SandboxedRunner sandbox_;
  io::PosixFileSystem files_;
  io::Offload offload_{"test", 2, 16};
  io::Runtime runtime_{1};
  Steps steps_{sandbox_, files_, offload_, {}};

 private:
  template <class T>
  static io::Task<> store(io::Task<T> task, std::optional<T>* result) {
    result->emplace(co_await std::move(task));
  }
};

inline std::vector<std::string> test_picture(const std::string& size, int fps, double seconds) {
  return {"-f", "lavfi", "-i", fmt::format("testsrc2=s={}:r={}:d={}", size, fps, seconds),
          "-f", "lavfi", "-i", fmt::format("sine=f=440:r=48000:d={}", seconds)};
}

inline std::vector<std::string> with(std::vector<std::string> base, std::vector<std::string> more) {
  base.insert(base.end(), more.begin(), more.end());
  return base;
}

}  // namespace shoal::processing
