#include "processing/steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <csignal>
#include <exception>

#include "base/text.h"
#include "io/task_group.h"
#include "media/fmp4/stitch.h"
#include "media/sniff.h"

namespace shoal::processing {

namespace {

/// What ffmpeg's messages mean to who uploaded the file.
struct KnownReason {
  std::string_view said;
  std::string_view means;
};
constexpr std::array k_known_reasons{
    KnownReason{"moov atom not found", "it is cut off: its index is missing"},
    KnownReason{"Invalid data found", "it is damaged, or not a video"},
    KnownReason{"Format not on whitelist", "files of this kind are not accepted"},
    KnownReason{"not on whitelist", "it refers to other files or to the network"},
    KnownReason{"Protocol not found", "it refers to other files or to the network"},
    KnownReason{"does not contain any stream", "it has no picture and no sound"},
    KnownReason{"File size limit", "it became too large"},
    KnownReason{"No space left", "the server's disk is full"},
    KnownReason{"Disk quota exceeded", "the server's disk is full"},
    KnownReason{"Read-only file system", "the server's disk cannot be written"},
    KnownReason{"Cannot allocate memory", "it needs too much memory"},
};

/// Of the server, not of the file: it passes.
constexpr std::array<std::string_view, 3> k_disk_troubles{"No space left", "Disk quota exceeded",
                                                          "Read-only file system"};

std::string reason_of(std::string_view standard_error) {
  for (const KnownReason& known : k_known_reasons) {
    if (standard_error.find(known.said) != standard_error.npos) return std::string(known.means);
  }
  return "it could not be decoded";
}

/// Refuses by content what is no media file, before any decoder sees it. Gives its size.
Result<ByteCount> look_at(io::FileSystem& files, const Path& source) {
  TRY(const auto file, files.open(source, io::OpenMode::read));
  media::Bytes first(media::k_sniff_size);
  TRY(const std::size_t got, file->read_at(0, first));
  TRY_VOID(media::sniff_media(media::ByteView(first).first(got)));
  TRY(const std::uint64_t size, file->size());
  return ByteCount{size};
}

/// "audio-3.mp4,180.0,240.0" of the segment muxer's list: counts one more finished piece.
bool is_piece_line(std::string_view line) {
  return line.find(".mp4,") != line.npos;
}

/// Reads the pieces of the sound as the encoder announces them: off the executor, in their order.
/// One executor. Await stop() before it ends.
class PieceReader {
 public:
  PieceReader(const Steps& steps, AudioManifest made, Path folder,
              std::function<void(const AudioManifest&)> on_progress, io::Executor executor)
      : steps_(steps),
        folder_(std::move(folder)),
        on_progress_(std::move(on_progress)),
        announced_(made.pieces.size()),
        manifest_(std::move(made)),
        group_(std::move(executor), "pieces of the sound") {}

  /// One more piece is whole.
  void announce() {
    ++announced_;
    if (reading_) return;
    reading_ = true;
    group_.spawn(read());
  }
  /// Waits until all that was announced is read.
  io::Task<> drain() { return group_.drain(); }
  io::Task<> stop() { return group_.stop(); }
  const Result<AudioManifest>& manifest() const { return manifest_; }

 private:
  io::Task<> read() {
    while (manifest_ && manifest_->pieces.size() < announced_) {
      // Accepted work outlives a cancelled task: it owns what it reads into.
      manifest_ =
          co_await steps_.offload.run([&files = steps_.files, folder = folder_, count = announced_,
                                       manifest = *manifest_]() mutable -> Result<AudioManifest> {
            TRY_VOID(extend_audio_manifest(files, folder, count, manifest));
            return std::move(manifest);
          });
      if (manifest_ && on_progress_) on_progress_(*manifest_);
    }
    reading_ = false;
  }

  const Steps& steps_;
  const Path folder_;
  const std::function<void(const AudioManifest&)> on_progress_;
  std::size_t announced_;
  Result<AudioManifest> manifest_;
  bool reading_ = false;
  io::TaskGroup group_;
};

/// Whether there is nothing left to encode, of no sound or behind the last piece.
bool is_whole(const Plan& plan, const AudioManifest& made) {
  if (plan.audio.mode != StreamMode::encode) return plan.audio.mode == StreamMode::none;
  const auto samples = static_cast<std::int64_t>(made.frames() * made.samples_per_frame);
  const auto end =
      media::fmp4::rescale(plan.boundaries.end.count(), plan.audio.sample_rate, 1'000'000);
  return made.complete || samples + plan.audio.first_sample >= end;
}

}  // namespace

Error explain(const io::ProcessExit& exit, std::string_view doing) {
  if (exit.timed_out) {
    return {ErrorCode::timeout, fmt::format("The file took too long to {}.", doing)};
  }
  if (exit.memory_exceeded || exit.tasks_exceeded) {
    return {ErrorCode::too_large, fmt::format("The file needs too much memory to {}.", doing)};
  }
  if (exit.status == 128 + SIGXFSZ) {
    return {ErrorCode::too_large, fmt::format("The file became too large to {}.", doing)};
  }
  // From outside, as by a system short of memory: no fault of the file.
  if (exit.status == 128 + SIGKILL) {
    return {ErrorCode::unavailable,
            fmt::format("The program that should {} the file was ended.", doing)};
  }
  if (exit.status > 128) {
    return {
        ErrorCode::corrupt,
        fmt::format("The file could not be used: the program that should {} it crashed.", doing)};
  }
  const std::string_view said = exit.standard_error;
  const bool ours = std::ranges::any_of(k_disk_troubles, [said](std::string_view trouble) {
    return said.find(trouble) != said.npos;
  });
  return {ours ? ErrorCode::unavailable : ErrorCode::corrupt,
          fmt::format("The file could not be used: {} (while trying to {} it).", reason_of(said),
                      doing)};
}

io::Task<Result<io::ProcessExit>> run_child(const Steps& steps, io::Command command,
                                            std::string_view doing) {
  CO_TRY(io::ProcessExit exit, co_await steps.processes.run(std::move(command)));
  if (exit.status != 0 || exit.timed_out || exit.memory_exceeded || exit.tasks_exceeded) {
    co_return std::unexpected(explain(exit, doing));
  }
  co_return exit;
}

io::Task<Result<SourceMedia>> probe(const Steps& steps, Path source) {
  CO_TRY(const ByteCount size, co_await steps.offload.run([&files = steps.files, source] {
    return look_at(files, source);
  }));
  CO_TRY(io::ProcessExit exit,
         co_await run_child(steps, probe_command(source, steps.limits), "read"));
  CO_TRY(SourceMedia media, co_await steps.offload.run([text = std::move(exit.standard_output)] {
    return parse_probe(text);
  }));
  PacketScan scan(media);
  io::Command packets = packets_command(source, media, size, steps.limits);
  packets.on_stdout_line = [&scan](std::string_view line) { scan.add_line(line); };
  CO_TRY(exit, co_await run_child(steps, std::move(packets), "read"));
  if (scan.overflowed()) {
    co_return fail(ErrorCode::too_large, "The file has more frames than can be handled.");
  }
  // Millions of frames are sorted there.
  CO_TRY(media, co_await steps.offload.run(
                    [scan = std::move(scan), media]() mutable -> Result<SourceMedia> {
                      scan.apply(media);
                      return std::move(media);
                    }));
  if (!media.video && !media.audio) {
    co_return fail(ErrorCode::invalid, "The file has no frames that can be shown or heard.");
  }
  co_return media;
}

io::Task<Result<AudioManifest>> make_audio(const Steps& steps, const Plan& plan, AudioManifest made,
                                           Path source, Path folder,
                                           std::function<void(const AudioManifest&)> on_progress) {
  if (plan.audio.mode == StreamMode::copy) made = {};
  if (is_whole(plan, made)) {
    made.complete = true;
    co_return made;
  }
  io::Command command = audio_command(plan, made, source, folder, steps.limits);
  PieceReader reader(steps, std::move(made), folder, on_progress,
                     co_await boost::asio::this_coro::executor);
  command.on_stdout_line = [&reader](std::string_view line) {
    if (is_piece_line(line)) reader.announce();
  };
  Result<io::ProcessExit> exit;
  std::exception_ptr cancelled;
  try {
    exit = co_await run_child(steps, std::move(command), "decode the sound of");
    co_await reader.drain();
  } catch (...) {
    cancelled = std::current_exception();
  }
  if (cancelled) {
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    co_await reader.stop();
    std::rethrow_exception(cancelled);
  }
  CO_TRY_VOID(std::move(exit));
  CO_TRY(AudioManifest manifest, reader.manifest());
  manifest.complete = true;
  if (on_progress) on_progress(manifest);
  co_return manifest;
}

io::Task<Result<>> copy_top(const Steps& steps, const Plan& plan, Path source, Path folder,
                            std::function<void(std::size_t)> on_piece) {
  io::Command command = copy_command(plan, source, folder, steps.limits);
  std::size_t finished = 0;
  command.on_stdout_line = [&](std::string_view line) {
    if (!is_piece_line(line)) return;
    if (finished < plan.work_segments.size() && on_piece) on_piece(finished);
    ++finished;
  };
  CO_TRY_VOID(co_await run_child(steps, std::move(command), "copy the picture of"));
  if (finished != plan.work_segments.size()) {
    co_return fail(ErrorCode::corrupt, "The keyframes of the file are not where its index says.");
  }
  co_return Result<>{};
}

io::Task<Result<>> encode_work(const Steps& steps, const Plan& plan, std::size_t work_segment,
                               Path source, Path folder) {
  // Sound alone has no picture to encode; its work segments are packaged from the sound.
  if (!plan.encodes()) co_return Result<>{};
  CO_TRY_VOID(co_await run_child(
      steps, encode_command(plan, work_segment, source, folder, steps.limits), "encode"));
  co_return Result<>{};
}

namespace {

/// What a decoder is told of a piece that somebody else made.
io::Task<Result<>> check_picture(const Steps& steps, const RenditionPlan& rendition, Path piece) {
  CO_TRY(const io::ProcessExit exit,
         co_await run_child(steps, probe_command(piece, steps.limits), "read"));
  CO_TRY(const SourceMedia media, parse_probe(exit.standard_output));
  const bool fits = media.video && !media.audio && media.video->codec == "h264" &&
                    media.video->pixel_format == "yuv420p" &&
                    media.video->width == rendition.width &&
                    media.video->height == rendition.height;
  if (fits) co_return Result<>{};
  co_return fail(ErrorCode::corrupt,
                 fmt::format("a piece of {}p has another picture than H.264 of "
                             "{}x{}, 4:2:0",
                             rendition.resolution, rendition.width, rendition.height));
}

}  // namespace

io::Task<Result<>> check_piece(const Steps& steps, const Plan& plan, const RenditionPlan& rendition,
                               std::size_t work_segment, Path folder) {
  const Path piece = video_piece_path(folder, rendition, work_segment);
  // Boxes and frames first: they are ours to read, and bounded.
  CO_TRY_VOID(co_await steps.offload.run(
      [&files = steps.files, plan, rendition, work_segment, folder = std::move(folder)] {
        return check_work(files, plan, rendition, work_segment, folder);
      }));
  co_return co_await check_picture(steps, rendition, piece);
}

io::Task<Result<Plan>> check_whole(const Steps& steps, const Plan& plan,
                                   const RenditionPlan& rendition, Path folder) {
  const Path file = video_piece_path(folder, rendition, 0);
  CO_TRY(Plan whole, co_await steps.offload.run(
                         [&files = steps.files, plan, rendition, folder = std::move(folder)] {
                           return plan_whole(files, plan, rendition, folder);
                         }));
  CO_TRY_VOID(co_await check_picture(steps, rendition, file));
  co_return whole;
}

io::Task<Result<PackagedWork>> package(const Steps& steps, const Plan& plan,
                                       const RenditionPlan& rendition, std::size_t work_segment,
                                       AudioManifest audio, Path folder) {
  // What runs off the executor may outlive a cancelled task: it owns its plan.
  co_return co_await steps.offload.run([&files = steps.files, plan, rendition, work_segment,
                                        audio = std::move(audio),
                                        folder = std::move(folder)]() -> Result<PackagedWork> {
    TRY(PackagedWork packaged, package_work(files, plan, rendition, work_segment, audio, folder));
    if (rendition.video != StreamMode::none) {
      TRY_VOID(files.remove(video_piece_path(folder, rendition, work_segment)));
    }
    return packaged;
  });
}

io::Task<Result<FinishedRendition>> finish(const Steps& steps, const Plan& plan,
                                           const RenditionPlan& rendition,
                                           std::vector<PackagedWork> parts, Path folder) {
  co_return co_await steps.offload.run([&files = steps.files, plan, rendition,
                                        parts = std::move(parts), folder = std::move(folder)] {
    return finish_rendition(files, plan, rendition, parts, folder);
  });
}

}  // namespace shoal::processing
