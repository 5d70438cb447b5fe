// The steps after the last work segment: single files, publishing, cleaning up.
#include "catalog/videos.h"
#include "processing/pipeline/graph.h"
#include "processing/pipeline/pipeline.h"
#include "processing/pipeline/whole.h"
#include "processing/pipeline/workspace.h"
#include "storage/moves/file_mover.h"

namespace shoal::processing {
namespace {

constexpr std::string_view k_playlist_type = "application/vnd.apple.mpegurl";

/// Whoever began to watch the running playlists may still be watching them for this long.
constexpr std::chrono::hours k_running_grace{24};

}  // namespace

io::Task<Result<>> Pipeline::make_rendition(Job job, jobs::JobContext& context) {
  Workspace workspace(services_.steps.files, config_.scratch, job);
  CO_TRY_VOID(workspace.make());
  CO_TRY(const Input input, co_await input_of(job));
  const std::size_t height = payload_index(job);
  const auto rendition =
      std::ranges::find(input.plan.renditions, height, &RenditionPlan::resolution);
  if (rendition == input.plan.renditions.end())
    co_return fail(ErrorCode::invalid, "the plan has no such rendition");

  const VideoId video = input.work.id;
  CO_TRY(const std::vector<StoredWork> stored,
         co_await services_.database.read([video, made = *rendition](db::Session& session) {
           return find_finished_work(session, video, made);
         }));
  if (stored.size() != input.plan.work_segments.size())
    co_return fail(ErrorCode::conflict, "a work segment of the rendition is missing");
  std::vector<PackagedWork> parts;
  for (const StoredWork& piece : stored) {
    CO_TRY_VOID(co_await fetch(piece.file, workspace.path() / piece.file.name));
    parts.push_back(piece.work);
  }
  CO_TRY(FinishedRendition finished,
         co_await processing::finish(services_.steps, input.plan, *rendition, std::move(parts),
                                     workspace.path()));
  context.report_progress(60);
  co_return co_await store_finished(job, input, *rendition, std::move(finished), workspace.path());
}

io::Task<Result<>> Pipeline::store_finished(Job job, const Input& input,
                                            const RenditionPlan& rendition,
                                            FinishedRendition finished, const Path& folder) {
  CO_TRY(Put file, co_await put_file(job, input.work, storage::FileKind::rendition,
                                     finished.file_name, "video/mp4", folder / finished.file_name));
  CO_TRY(Put playlist,
         co_await put_text(job, input.work, storage::FileKind::playlist, finished.playlist_name,
                           std::string(k_playlist_type), finished.playlist));
  co_return co_await services_.database.write(
      [this, job, video = input.work.id, plan = input.plan, rendition,
       finished = std::move(finished), file = std::move(file),
       playlist = std::move(playlist)](db::Session& session) -> Result<> {
        TRY_VOID(jobs::check_fence(session, job));
        store_rendition(session, video, rendition, finished, record(session, file),
                        record(session, playlist), services_.clock.now());
        if (job.kind == k_whole) after_whole(session, video, plan);
        return jobs::complete(session, job);
      });
}

io::Task<Result<>> Pipeline::publish(Job job, jobs::JobContext&) {
  CO_TRY(const Input input, co_await input_of(job));
  const VideoId video = input.work.id;
  CO_TRY(const std::vector<FinishedRendition> renditions,
         co_await services_.database.read(
             [video](db::Session& session) { return find_renditions(session, video); }));
  CO_TRY(Put master,
         co_await put_text(job, input.work, storage::FileKind::playlist, master_name(input.plan),
                           std::string(k_playlist_type), finished_master(input.plan, renditions)));
  CO_TRY(Put digests, co_await put_text(job, input.work, storage::FileKind::segments_sha256,
                                        digests_name(input.plan), "application/json",
                                        finished_digests(renditions)));
  const UtcTime now = services_.clock.now();
  const bool pictured = input.plan.video_stream >= 0;
  const auto length = std::chrono::ceil<Milliseconds>(input.plan.boundaries.end);
  CO_TRY_VOID(co_await services_.database.write(
      [this, job, video, now, length, pictured, master = std::move(master),
       digests = std::move(digests)](db::Session& session) -> Result<> {
        TRY_VOID(jobs::check_fence(session, job));
        store_masters(session, video, record(session, master), record(session, digests), now);
        end_running(session, video, now);
        catalog::ProcessingOutcome outcome;
        outcome.state = catalog::VideoState::published;
        outcome.failure = std::optional<std::string>();
        TRY_VOID(catalog::record_processing(session, video, outcome, now));
        storage::trash_files(session, video, {storage::FileKind::running_audio},
                             now + config_.trash_for);
        if (pictured) enqueue_storyboard(session, video);
        enqueue_clean_up(session, video, now + length + k_running_grace);
        return jobs::complete(session, job);
      }));
  services_.on_changed(input.work.uuid);
  co_return Result<>{};
}

io::Task<Result<>> Pipeline::clean_up(Job job, jobs::JobContext&) {
  const VideoId video = *job.video;
  const UtcTime due = services_.clock.now() + config_.trash_for;
  co_return co_await services_.database.write([this, job, video,
                                               due](db::Session& session) -> Result<> {
    TRY_VOID(jobs::check_fence(session, job));
    session.execute("delete from work_segment where video_id = :video", {video});
    storage::trash_files(session, video,
                         {storage::FileKind::running_work, storage::FileKind::running_init}, due);
    // The original is the only thing that a better encoder could start from.
    if (!config_.keep_original) {
      storage::trash_files(session, video, {storage::FileKind::original}, due);
    } else if (const auto work = find_work(session, video); work && work->source) {
      const std::string home = services_.stores.home_name(storage::FileKind::original);
      if (work->source->store != home)
        storage::enqueue_move(session, {work->source->id, work->source->store, home});
    }
    return jobs::complete(session, job);
  });
}

}  // namespace shoal::processing
