#pragma once

#include <functional>

#include "io/file_system.h"
#include "io/offload.h"
#include "io/process.h"
#include "io/task.h"
#include "processing/packaging.h"
#include "processing/plan.h"

/// The steps of processing one video, over files and folders. A job handler calls them, stores what
/// they made, and may do any of them again: each gives the same result. Cancelling the task ends
/// the child process. Errors carry a sentence for the video's owner; `invalid`, `corrupt` and
/// `unsupported` will not get better by trying again.
namespace shoal::processing {

/// What every step uses; must outlive it. Any thread.
struct Steps {
  io::ProcessRunner& processes;
  io::FileSystem& files;
  io::Offload& offload;
  ProcessLimits limits{};
};

/// Reads what the source is: two short runs of ffprobe. Two passes over the file's packets, no
/// decoding.
io::Task<Result<SourceMedia>> probe(const Steps& steps, Path source);

/// Makes the one sound, in pieces in `folder`; `on_progress` is told the manifest so far after
/// each. Goes on behind `made`, what an earlier attempt stored. With no sound in the plan it is
/// empty and complete at once.
io::Task<Result<AudioManifest>> make_audio(const Steps& steps, const Plan& plan, AudioManifest made,
                                           Path source, Path folder,
                                           std::function<void(const AudioManifest&)> on_progress);

/// Copies the top rendition of a plan that does so, as pieces for all work segments; `on_piece` is
/// told each work segment whose piece is whole.
io::Task<Result<>> copy_top(const Steps& steps, const Plan& plan, Path source, Path folder,
                            std::function<void(std::size_t)> on_piece);

/// Encodes one work segment of all renditions that are encoded, as pieces in `folder`.
io::Task<Result<>> encode_work(const Steps& steps, const Plan& plan, std::size_t work_segment,
                               Path source, Path folder);

/// Whether the piece of a work segment that came from elsewhere is what the plan asks for:
/// check_work(), and what ffprobe finds in it. Errors: corrupt where it is not.
io::Task<Result<>> check_piece(const Steps& steps, const Plan& plan, const RenditionPlan& rendition,
                               std::size_t work_segment, Path folder);

/// plan_whole(), and what ffprobe finds in it. Errors: corrupt where it is not what the plan asks
/// for.
io::Task<Result<Plan>> check_whole(const Steps& steps, const Plan& plan,
                                   const RenditionPlan& rendition, Path folder);

/// package_work() off the executor; removes the video piece it has used.
io::Task<Result<PackagedWork>> package(const Steps& steps, const Plan& plan,
                                       const RenditionPlan& rendition, std::size_t work_segment,
                                       AudioManifest audio, Path folder);

/// finish_rendition() off the executor.
io::Task<Result<FinishedRendition>> finish(const Steps& steps, const Plan& plan,
                                           const RenditionPlan& rendition,
                                           std::vector<PackagedWork> parts, Path folder);

/// Runs a child; one that fails is an Error that explain() made. `doing` is a literal: "encode".
io::Task<Result<io::ProcessExit>> run_child(const Steps& steps, io::Command command,
                                            std::string_view doing);

/// Why a child failed, for the owner: from what ffmpeg said, without paths. Pure.
Error explain(const io::ProcessExit& exit, std::string_view doing);

}  // namespace shoal::processing
