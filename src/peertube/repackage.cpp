#include "peertube/repackage.h"

#include <algorithm>

#include "media/m3u8/playlist.h"
#include "peertube/parse.h"
#include "processing/commands.h"

namespace shoal::peertube {
namespace {

constexpr std::string_view k_playlist_name = "playlist.m3u8";
constexpr const char* k_segment_seconds = "4";
/// What other boxes may take beyond the inputs.
constexpr std::uint64_t k_most_overhead = std::uint64_t{64} << 20;

/// "a-480.mp4" to "a-480-fragmented.mp4"; PeerTube's own rule.
std::string fragmented_name(std::string_view name) {
  return std::string(name.substr(0, name.rfind('.'))) + "-fragmented.mp4";
}

io::Command repackage_command(const processing::Steps& steps, const std::vector<io::Path>& inputs,
                              std::uint64_t size, Seconds duration, const io::Path& folder,
                              const std::string& name) {
  io::Command command = processing::ffmpeg_command(inputs.front(), folder, duration, steps.limits);
  command.sandbox.readable = inputs;
  command.sandbox.output_limit.value = size + size / 4 + k_most_overhead;
  std::vector<std::string>& args = command.arguments;
  // Two files keep the times that they have to each other.
  args.emplace_back("-copyts");
  for (const io::Path& input : inputs) processing::append_input(args, input);
  const std::string sound = std::to_string(inputs.size() - 1) + ":a:0?";
  for (const std::string& word :
       std::initializer_list<std::string>{"-map",
                                          "0:V:0?",
                                          "-map",
                                          sound,
                                          "-c",
                                          "copy",
                                          "-map_metadata",
                                          "-1",
                                          "-map_chapters",
                                          "-1",
                                          "-f",
                                          "hls",
                                          "-hls_time",
                                          k_segment_seconds,
                                          "-hls_list_size",
                                          "0",
                                          "-hls_playlist_type",
                                          "vod",
                                          "-hls_segment_type",
                                          "fmp4",
                                          "-hls_flags",
                                          "single_file",
                                          "-hls_segment_filename",
                                          processing::file_url(folder / name),
                                          processing::file_url(folder / k_playlist_name)}) {
    args.push_back(word);
  }
  return command;
}

/// The sum of their sizes, with an empty folder for what is made of them.
Result<std::uint64_t> prepare(io::FileSystem& files, const std::vector<io::Path>& inputs,
                              const io::Path& folder) {
  TRY_VOID(files.remove_all(folder));
  TRY_VOID(files.create_directories(folder));
  std::uint64_t size = 0;
  for (const io::Path& input : inputs) {
    TRY(const auto status, files.status(input));
    size += status.size;
  }
  return size;
}

Result<Repackaged> collect(io::FileSystem& files, const io::Path& folder, const std::string& name) {
  Repackaged made;
  made.file = folder / name;
  TRY(const auto status, files.status(made.file));
  made.size = status.size;
  const io::Path playlist = folder / k_playlist_name;
  TRY(made.playlist, io::read_whole(files, playlist, media::m3u8::ParseLimits{}.bytes));
  TRY_VOID(files.remove(playlist));
  return made;
}

/// What the inputs hold is the reason: it will not get better.
bool is_its_own_fault(ErrorCode code) {
  return code == ErrorCode::invalid || code == ErrorCode::corrupt ||
         code == ErrorCode::unsupported || code == ErrorCode::too_large;
}

}  // namespace

bool keeps_sound_apart(const OldVideo& video) {
  const auto silent = std::ranges::count(video.hls_files, false, &OldFile::has_audio);
  return silent > 0 && static_cast<std::size_t>(silent) < video.hls_files.size();
}

std::vector<Repackaging> repackagings_of(const OldVideo& video) {
  const bool is_web = !keeps_sound_apart(video);
  const std::vector<OldFile>& files = is_web ? video.web_files : video.hls_files;
  // The smallest that has one: the sound alone, where there is a file of it.
  const auto sound = std::ranges::find(files.rbegin(), files.rend(), true, &OldFile::has_audio);
  std::vector<Repackaging> all;
  all.reserve(files.size());
  for (const OldFile& file : files) {
    Repackaging& one = all.emplace_back(file, std::vector{file}, is_web);
    if (is_web) one.rendition.name = fragmented_name(file.name);
    if (!is_web && !file.has_audio) {
      one.inputs.push_back(*sound);
      one.rendition.has_audio = true;
    }
  }
  return all;
}

io::Task<Result<Repackaged>> repackage(const processing::Steps& steps, std::vector<io::Path> inputs,
                                       Seconds duration, io::Path folder, std::string name) {
  CO_TRY(const std::uint64_t size,
         co_await steps.offload.run(
             [&files = steps.files, inputs, folder] { return prepare(files, inputs, folder); }));
  const auto done = co_await processing::run_child(
      steps, repackage_command(steps, inputs, size, duration, folder, name), "package");
  if (!done && is_its_own_fault(done.error().code))
    co_return fail(ErrorCode::unsupported, done.error().message);
  if (!done) co_return std::unexpected(done.error());
  co_return co_await steps.offload.run(
      [&files = steps.files, folder, name] { return collect(files, folder, name); });
}

}  // namespace shoal::peertube
