// Takes one file through all steps of processing and prints what it cost, as JSON.
// usage: shoal_transcode_bench SOURCE FOLDER [RESOLUTION...]
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "io/runtime.h"
#include "tests/support/local_transcode.h"

namespace {

using shoal::Result;
using shoal::tests::LocalTranscode;

/// The real sandbox, and what went through it.
class CountingRunner final : public shoal::io::ProcessRunner {
 public:
  shoal::io::Task<Result<shoal::io::ProcessExit>> run(shoal::io::Command command) override {
    auto exit = co_await runner_.run(std::move(command));
    ++runs;
    if (exit) cpu_time += exit->cpu_time;
    co_return exit;
  }

  shoal::Milliseconds cpu_time{0};
  std::size_t runs = 0;

 private:
  shoal::io::SandboxedRunner runner_;
};

shoal::io::Task<> run(LocalTranscode* transcode, std::filesystem::path source,
                      std::optional<Result<LocalTranscode::Outcome>>* result) {
  result->emplace(co_await transcode->run(std::move(source)));
}

boost::json::object describe(const LocalTranscode::Outcome& outcome, shoal::Milliseconds cpu,
                             std::size_t processes) {
  boost::json::array files;
  for (const auto& finished : outcome.finished) {
    files.push_back({{"file", finished.file_name},
                     {"resolution", finished.resolution},
                     {"size", finished.size}});
  }
  return {{"first_segment_ms", outcome.first_segment.count()},
          {"total_ms", outcome.total.count()},
          {"cpu_ms", cpu.count()},
          {"processes", processes},
          {"copied", outcome.plan.copies_top()},
          {"work_segments", outcome.plan.work_segments.size()},
          {"files", std::move(files)}};
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// The folder can be played from: every playlist a viewer would see beside the media.
void write_playlists(const LocalTranscode::Outcome& outcome, const std::filesystem::path& folder) {
  using namespace shoal::processing;
  write_text(folder / "master.m3u8", outcome.master);
  write_text(folder / digests_name(outcome.plan), outcome.digests);
  for (const auto& finished : outcome.finished) {
    write_text(folder / finished.playlist_name, finished.playlist);
  }
  for (const auto& rendition : outcome.plan.renditions) {
    write_text(folder / running_playlist_name(outcome.plan, rendition),
               outcome.running.at(rendition.resolution).back());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: shoal_transcode_bench SOURCE FOLDER [RESOLUTION...]\n", stderr);
    return 2;
  }
  shoal::processing::PlanConfig config;
  if (argc > 3) config.ladder.resolutions.clear();
  for (int i = 3; i < argc; ++i) {
    config.ladder.resolutions.push_back(static_cast<std::uint32_t>(std::atoi(argv[i])));
  }
  CountingRunner runner;
  shoal::io::PosixFileSystem files;
  shoal::io::Offload offload("bench", 2, 64);
  shoal::io::Runtime runtime(1);
  LocalTranscode transcode({runner, files, offload, {}}, argv[2], config);
  std::optional<Result<LocalTranscode::Outcome>> result;
  runtime.run_until_done(run(&transcode, argv[1], &result));
  if (!*result) {
    std::fprintf(stderr, "%s\n", result->error().message.c_str());
    return 1;
  }
  write_playlists(**result, argv[2]);
  std::puts(boost::json::serialize(describe(**result, runner.cpu_time, runner.runs)).c_str());
  return 0;
}
