// The steps that make sound and pictures: audio, copy, encode.
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

#include "catalog/videos.h"
#include "processing/pipeline/graph.h"
#include "processing/pipeline/pipeline.h"
#include "processing/pipeline/progress_feed.h"
#include "processing/pipeline/whole.h"
#include "processing/pipeline/workspace.h"

namespace shoal::processing {
namespace {

/// How long a work segment waits for its sound before it gives its place to others.
constexpr Seconds k_sound_patience{60};
constexpr Milliseconds k_sound_poll{50};

constexpr std::string_view k_mp4 = "video/mp4";

/// Runs `step` beside the caller; `result` is set and `feed` finished at its end. A step that is
/// cancelled leaves no result.
io::Task<> run_beside(io::Task<Result<>> step, std::optional<Result<>>& result,
                      ProgressFeed& feed) {
  result.emplace(co_await std::move(step));
  feed.finish();
}

/// Whether packaging a work segment may read a piece of the sound: those of its time, with a second
/// to spare, and the first, whose header goes into every initialization segment.
bool is_heard_in(const Plan& plan, const AudioManifest& manifest, std::size_t piece,
                 std::size_t work_segment) {
  if (piece == 0) return true;
  const auto time_of = [&](std::uint64_t frame) {
    const auto sample = static_cast<std::int64_t>(frame * manifest.samples_per_frame);
    return Microseconds((sample + plan.audio.first_sample) * 1'000'000 /
                        static_cast<std::int64_t>(plan.audio.sample_rate));
  };
  const AudioManifest::Piece& sound = manifest.pieces[piece];
  const WorkSegment& work = plan.work_segments[work_segment];
  return time_of(sound.first_frame) < plan.boundaries.end_of(work.last - 1) + Seconds{1} &&
         time_of(sound.first_frame + sound.frames) + Seconds{1} >
             plan.boundaries.start_of(work.first);
}

}  // namespace

io::Task<Result<>> Pipeline::store_pieces(Job job, const Input& input, const Path& folder,
                                          const AudioManifest& manifest) {
  const VideoId video = input.work.id;
  CO_TRY(AudioManifest stored, co_await services_.database.read(
                                   [video](db::Session& s) { return find_audio(s, video); }));
  // A second attempt makes a copied sound again from its start: what is stored already stays.
  std::vector<Put> puts;
  for (std::size_t i = stored.pieces.size(); i < manifest.pieces.size(); ++i) {
    CO_TRY(Put put, co_await put_file(job, input.work, storage::FileKind::running_audio,
                                      audio_piece_name(input.plan, i), "audio/mp4",
                                      audio_piece_path(folder, i)));
    puts.push_back(std::move(put));
  }
  if (puts.empty() && stored.complete == manifest.complete) co_return Result<>{};
  co_return co_await services_.database.write(
      [this, job, video, manifest, puts = std::move(puts)](db::Session& session) -> Result<> {
        TRY_VOID(jobs::check_fence(session, job));
        for (const Put& put : puts) record(session, put);
        store_audio(session, video, manifest, services_.clock.now());
        return {};
      });
}

io::Task<Result<>> Pipeline::make_sound(Job job, jobs::JobContext&) {
  Workspace workspace(services_.steps.files, config_.scratch, job);
  CO_TRY_VOID(workspace.make());
  CO_TRY(const Input input, co_await input_of(job));
  CO_TRY(const LocalSource source, co_await local_source(input.work, workspace));

  const auto executor = co_await boost::asio::this_coro::executor;
  ProgressFeed feed(executor);
  const VideoId video = input.work.id;
  CO_TRY(AudioManifest made, co_await services_.database.read(
                                 [video](db::Session& s) { return find_audio(s, video); }));
  std::optional<Result<>> result;
  const auto step = [](const Steps& steps, const Plan& plan, Path from, Path folder,
                       ProgressFeed& progress, AudioManifest& out) -> io::Task<Result<>> {
    CO_TRY(out, co_await make_audio(steps, plan, out, std::move(from), std::move(folder),
                                    [&progress, &out](const AudioManifest& so_far) {
                                      out = so_far;
                                      progress.notify();
                                    }));
    co_return Result<>{};
  };
  io::TaskGroup group(executor, "audio");
  group.spawn(run_beside(
      step(services_.steps, input.plan, source.path, workspace.path(), feed, made), result, feed));
  Result<> stored;
  std::exception_ptr cancelled;
  try {
    while (stored && !feed.finished()) {
      co_await feed.changed();
      if (!feed.finished()) stored = co_await store_pieces(job, input, workspace.path(), made);
    }
  } catch (...) {
    cancelled = std::current_exception();
  }
  co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
  co_await group.stop();
  if (cancelled) std::rethrow_exception(cancelled);
  CO_TRY_VOID(std::move(stored));
  CO_TRY_VOID(*std::move(result));
  made.complete = true;
  co_return co_await store_pieces(job, input, workspace.path(), made);
}

io::Task<Result<>> Pipeline::fetch_sound(const Input& input, AudioManifest manifest,
                                         std::size_t work_segment, Path folder) {
  for (std::size_t i = 0; i < manifest.pieces.size(); ++i) {
    if (!is_heard_in(input.plan, manifest, i, work_segment)) continue;
    const Path path = audio_piece_path(folder, i);
    io::FileSystem& files = services_.steps.files;
    const auto there =
        co_await services_.steps.offload.run([&files, path] { return files.status(path); });
    if (there) continue;
    const std::string name = audio_piece_name(input.plan, i);
    CO_TRY(const storage::StoredFile piece,
           co_await services_.database.read(
               [name](db::Session& session) -> Result<storage::StoredFile> {
                 if (auto found = storage::find_file(session, name)) return *found;
                 return fail(ErrorCode::not_found, "a piece of the sound is gone");
               }));
    CO_TRY_VOID(co_await fetch(piece, path));
  }
  co_return Result<>{};
}

io::Task<Result<PackagedWork>> Pipeline::package_when_heard(const Input& input,
                                                            const RenditionPlan& rendition,
                                                            std::size_t work_segment, Path folder) {
  const VideoId video = input.work.id;
  const SteadyTime patience = services_.clock.steady_now() + k_sound_patience;
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
  for (;;) {
    CO_TRY(const AudioManifest sound,
           co_await services_.database.read(
               [video](db::Session& session) { return find_audio(session, video); }));
    CO_TRY_VOID(co_await fetch_sound(input, sound, work_segment, folder));
    auto work =
        co_await package(services_.steps, input.plan, rendition, work_segment, sound, folder);
    const bool too_early = !work && work.error().code == ErrorCode::busy;
    if (!too_early || services_.clock.steady_now() > patience) co_return work;
    pause.expires_after(k_sound_poll);
    co_await pause.async_wait(io::use_awaitable);
  }
}

io::Task<Result<>> Pipeline::store_segment(Job job, const Input& input,
                                           const RenditionPlan& rendition, std::size_t work_segment,
                                           const Path& folder) {
  const VideoId video = input.work.id;
  // Listed by an attempt before this one: its objects are the ones that players know.
  CO_TRY(const bool listed,
         co_await services_.database.read(
             [video, rendition, work_segment](db::Session& session) -> Result<bool> {
               return has_work(session, video, rendition, work_segment);
             }));
  if (listed) co_return Result<>{};
  CO_TRY(PackagedWork work, co_await package_when_heard(input, rendition, work_segment, folder));
  CO_TRY_VOID(co_await services_.database.read([video, rendition, work](db::Session& session) {
    return check_headers(session, video, rendition, work);
  }));
  std::optional<Put> init;
  if (work_segment == 0) {
    const std::string name = running_init_name(input.plan, rendition);
    CO_TRY(init, co_await put_file(job, input.work, storage::FileKind::running_init, name,
                                   std::string(k_mp4), folder / name));
  }
  const std::string name = running_work_name(input.plan, rendition, work_segment);
  CO_TRY(Put put, co_await put_file(job, input.work, storage::FileKind::running_work, name,
                                    std::string(k_mp4), folder / name));
  CO_TRY(
      const bool published,
      co_await services_.database.write(
          [this, job, video, rendition, is_shared = input.plan.offers_whole, work = std::move(work),
           init = std::move(init), put = std::move(put)](db::Session& session) -> Result<bool> {
            TRY_VOID(jobs::check_fence(session, job));
            if (is_shared && is_made_elsewhere(session, video, rendition)) return false;
            if (init) record(session, *init);
            store_work(session, video, rendition, work, record(session, put));
            return work.work_segment == 0 &&
                   catalog::publish_when_playable(session, video, services_.clock.now());
          }));
  (published ? services_.on_changed : services_.on_grown)(input.work.uuid);
  co_return Result<>{};
}

io::Task<Result<>> Pipeline::copy(Job job, jobs::JobContext& context) {
  Workspace workspace(services_.steps.files, config_.scratch, job);
  CO_TRY_VOID(workspace.make());
  CO_TRY(const Input input, co_await input_of(job));
  CO_TRY(const LocalSource source, co_await local_source(input.work, workspace));

  const auto executor = co_await boost::asio::this_coro::executor;
  ProgressFeed feed(executor);
  std::size_t ready = 0;  // pieces 0 … ready-1 are whole
  std::optional<Result<>> result;
  io::TaskGroup group(executor, "copy");
  group.spawn(run_beside(copy_top(services_.steps, input.plan, source.path, workspace.path(),
                                  [&](std::size_t piece) {
                                    ready = piece + 1;
                                    feed.notify();
                                  }),
                         result, feed));
  const RenditionPlan& top = input.plan.renditions.front();
  const std::size_t total = input.plan.work_segments.size();
  Result<> stored;
  std::exception_ptr cancelled;
  try {
    for (std::size_t next = 0; stored && next < total;) {
      if (next == ready) {
        if (feed.finished()) break;
        co_await feed.changed();
        if (feed.finished() && *result) ready = total;
        continue;
      }
      stored = co_await store_segment(job, input, top, next, workspace.path());
      ++next;
      context.report_progress(100.0 * static_cast<double>(next) / static_cast<double>(total));
    }
    // The last piece may be stored before the child is gone.
    while (stored && !feed.finished()) co_await feed.changed();
  } catch (...) {
    cancelled = std::current_exception();
  }
  co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
  co_await group.stop();
  if (cancelled) std::rethrow_exception(cancelled);
  CO_TRY_VOID(std::move(stored));
  co_return *std::move(result);
}

io::Task<Result<>> Pipeline::encode(Job job, jobs::JobContext& context) {
  Workspace workspace(services_.steps.files, config_.scratch, job);
  CO_TRY_VOID(workspace.make());
  CO_TRY(Input input, co_await input_of(job));
  if (input.plan.offers_whole) {
    CO_TRY(input.plan, co_await services_.database.read(
                           [this, &job, plan = input.plan](db::Session& session) -> Result<Plan> {
                             return segment_plan(session, *job.video, plan, payload_index(job));
                           }));
  }
  CO_TRY(const LocalSource source, co_await local_source(input.work, workspace));
  const std::size_t segment = payload_index(job);
  if (segment >= input.plan.work_segments.size())
    co_return fail(ErrorCode::invalid, "the plan has no such work segment");
  CO_TRY_VOID(
      co_await encode_work(services_.steps, input.plan, segment, source.path, workspace.path()));
  context.report_progress(90);
  co_return co_await store_encoded(job, input, workspace.path());
}

io::Task<Result<>> Pipeline::store_encoded(Job job, const Input& input, const Path& folder) {
  // The smallest first: it is what a viewer on a poor line waits for.
  for (auto rendition = input.plan.renditions.rbegin(); rendition != input.plan.renditions.rend();
       ++rendition) {
    if (rendition->video == StreamMode::copy) continue;
    CO_TRY_VOID(co_await store_segment(job, input, *rendition, payload_index(job), folder));
  }
  co_return Result<>{};
}

}  // namespace shoal::processing
