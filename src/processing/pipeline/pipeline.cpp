#include "processing/pipeline/pipeline.h"

#include <boost/asio/this_coro.hpp>

#include "base/log.h"
#include "catalog/videos.h"
#include "processing/pipeline/graph.h"
#include "processing/pipeline/whole.h"
#include "processing/pipeline/workspace.h"

namespace shoal::processing {
namespace {

/// The fence makes the key this attempt's own: a second attempt never meets the first one's object.
/// And nobody guesses it, also where a bucket shows all that it holds to who knows its name.
std::string object_key(const jobs::LeasedJob& job, const VideoWork& work, std::string_view name,
                       Random& random) {
  return fmt::format("hls/{}/{}-{}-{}/{}", work.uuid.text(), job.id.value, job.fence,
                     random.hex(16), name);
}

}  // namespace

Pipeline::Pipeline(PipelineConfig config, Services services)
    : config_(std::move(config)), services_(std::move(services)) {}

void Pipeline::add(jobs::Runner& runner, std::string_view kind, std::size_t concurrency,
                   Step step) {
  if (config_.left_to_others.contains(kind)) return;
  const auto limit = config_.limits.find(kind);
  if (limit != config_.limits.end()) concurrency = std::min(concurrency, limit->second);
  jobs::JobHandler handler;
  handler.kind = kind;
  handler.concurrency = concurrency;
  handler.has_twins = kind == k_encode;
  handler.run = [this, step](const jobs::LeasedJob& job, jobs::JobContext& context) {
    return (this->*step)(job, context);
  };
  handler.on_failed = [this](db::Session& session, const jobs::LeasedJob& job, const Error& error) {
    on_failed(session, job, error);
  };
  runner.handle(std::move(handler));
}

void Pipeline::register_handlers(jobs::Runner& runner) {
  const std::size_t all = config_.concurrency;
  add(runner, k_prepare, all, &Pipeline::prepare);
  add(runner, k_audio, all, &Pipeline::make_sound);
  add(runner, k_copy, all, &Pipeline::copy);
  if (config_.encodes) add(runner, k_encode, all, &Pipeline::encode);
  add(runner, k_package, all, &Pipeline::encode);
  add(runner, k_finish, all, &Pipeline::finish);
  add(runner, k_rendition, all, &Pipeline::make_rendition);
  add(runner, k_publish, all, &Pipeline::publish);
  add(runner, k_pictures, all, &Pipeline::make_pictures);
  add(runner, k_storyboard, 1, &Pipeline::make_storyboard_sheet);
  add(runner, k_clean_up, 1, &Pipeline::clean_up);
}

io::Task<Result<Pipeline::Input>> Pipeline::input_of(Job job) {
  const VideoId video = *job.video;
  co_return co_await services_.database.read([video](db::Session& session) -> Result<Input> {
    TRY(VideoWork work, find_work(session, video));
    TRY(Plan plan, find_plan(session, video));
    return Input{std::move(work), std::move(plan)};
  });
}

io::Task<Result<Pipeline::LocalSource>> Pipeline::local_source(const VideoWork& work,
                                                               const Workspace& workspace) {
  if (!work.source) co_return fail(ErrorCode::not_found, "the uploaded file is gone");
  blob::BlobStore* store = services_.stores.find(work.source->store);
  if (store == nullptr) co_return fail(ErrorCode::unavailable, "the store of the upload is away");
  CO_TRY(std::shared_ptr<blob::ObjectReader> reader, co_await store->open(work.source->object_key));
  if (const auto path = reader->local_path()) co_return LocalSource{*path, std::move(reader)};
  const Path copy = workspace.path() / "source";
  CO_TRY_VOID(co_await fetch(*work.source, copy));
  co_return LocalSource{copy, nullptr};
}

io::Task<Result<>> Pipeline::fetch(storage::StoredFile file, Path path) {
  blob::BlobStore* store = services_.stores.find(file.store);
  if (store == nullptr)
    co_return fail(ErrorCode::unavailable, "the store " + file.store + " is away");
  CO_TRY(const auto reader, co_await store->open(file.object_key));
  io::FileSystem& files = services_.steps.files;
  if (const auto local = reader->local_path()) {
    co_return co_await services_.steps.offload.run(
        [&files, from = *local, path] { return files.link(from, path); });
  }
  CO_TRY(std::shared_ptr<io::File> out, co_await services_.steps.offload.run([&files, path] {
    return files.open(path, io::OpenMode::create);
  }));
  auto buffer = std::make_shared<std::vector<std::byte>>(1 << 20);
  for (std::uint64_t offset = 0; offset < reader->size();) {
    CO_TRY(const std::size_t got, co_await reader->read_at(offset, *buffer));
    if (got == 0) co_return fail(ErrorCode::corrupt, "an object is shorter than its record");
    CO_TRY_VOID(co_await services_.steps.offload.run([out, buffer, offset, got] {
      return out->write_at(offset, std::span(*buffer).first(got));
    }));
    offset += got;
  }
  co_return Result<>{};
}

Pipeline::Put Pipeline::describe(Job job, const VideoWork& work, storage::FileKind kind,
                                 std::string name, std::string content_type) const {
  Put put;
  put.object_key = object_key(job, work, name, services_.random);
  put.store = services_.stores.home_name(kind);
  put.file = {work.id, kind, std::move(name), std::move(content_type), {}};
  put.exposure =
      storage::wanted_exposure(kind, work.open_to_all, services_.stores.exposure_in(put.store));
  put.privacy_epoch = work.privacy_epoch;
  return put;
}

blob::ObjectTraits Pipeline::traits_of(const Put& put) const {
  return {put.file.content_type, put.exposure == storage::Exposure::address};
}

io::Task<Result<Pipeline::Put>> Pipeline::put_file(Job job, const VideoWork& work,
                                                   storage::FileKind kind, std::string name,
                                                   std::string content_type, Path path) {
  io::FileSystem& files = services_.steps.files;
  Put put = describe(job, work, kind, std::move(name), std::move(content_type));
  // While its bytes are here: a torrent of what lies in a bucket would have to read them again.
  const bool is_shared = kind == storage::FileKind::rendition;
  CO_TRY(put.file.checksum, co_await services_.steps.offload.run([&files, path, is_shared] {
    return is_shared ? storage::checksum_with_pieces(files, path)
                     : storage::checksum_of(files, path);
  }));
  CO_TRY(blob::BlobStore* const store, co_await announce(put));
  CO_TRY_VOID(co_await store->put_file(put.object_key, std::move(path), traits_of(put)));
  co_return put;
}

io::Task<Result<Pipeline::Put>> Pipeline::put_text(Job job, const VideoWork& work,
                                                   storage::FileKind kind, std::string name,
                                                   std::string content_type, std::string text) {
  Put put = describe(job, work, kind, std::move(name), std::move(content_type));
  put.file.checksum = storage::checksum_of(text);
  CO_TRY(blob::BlobStore* const store, co_await announce(put));
  CO_TRY_VOID(co_await store->put_bytes(put.object_key, std::move(text), traits_of(put)));
  co_return put;
}

io::Task<Result<blob::BlobStore*>> Pipeline::announce(const Put& put) {
  blob::BlobStore* const store = services_.stores.find(put.store);
  if (store == nullptr)
    co_return fail(ErrorCode::unavailable, fmt::format("the store {} is away", put.store));
  CO_TRY_VOID(co_await services_.database.write(
      [this, name = put.store, key = put.object_key](db::Session& session) {
        return storage::announce_object(session, name, key, services_.clock.now());
      }));
  co_return store;
}

FileId Pipeline::record(db::Session& session, const Put& put) {
  if (put.exposure != storage::Exposure::closed) {
    // The video is locked: who makes it private either was before, or waits and finds this file.
    const bool is_same =
        session.execute(
            "update video set privacy_epoch = privacy_epoch where id = :id and privacy_epoch = "
            ":epoch",
            {*put.file.video, put.privacy_epoch}) > 0;
    if (!is_same) {
      throw db::DatabaseError(ErrorCode::conflict,
                              "the video's privacy changed while its file was stored");
    }
  }
  return storage::record_file(session, put.file, put.store, put.object_key, services_.clock.now(),
                              put.exposure);
}

io::Task<Result<>> Pipeline::prepare(Job job, jobs::JobContext&) {
  Workspace workspace(services_.steps.files, config_.scratch, job);
  CO_TRY_VOID(workspace.make());
  const VideoId video = *job.video;
  CO_TRY(const VideoWork work,
         co_await services_.database.read([video](db::Session& s) { return find_work(s, video); }));
  CO_TRY(const LocalSource source, co_await local_source(work, workspace));
  CO_TRY(SourceMedia probed, co_await probe(services_.steps, source.path));
  const auto media = std::make_shared<const SourceMedia>(std::move(probed));
  PlanConfig wanted = co_await services_.plan_config();
  const auto round = static_cast<std::uint32_t>(payload_index(job));
  wanted.allow_copy = wanted.allow_copy && round == 1;
  // A day of keyframes takes a while.
  CO_TRY(Plan plan,
         co_await services_.steps.offload.run([media, wanted, &random = services_.random] {
           return make_plan(*media, wanted, random);
         }));
  plan.running_id = work.uuid;
  plan.round = round;

  const UtcTime now = services_.clock.now();
  catalog::ProcessingOutcome outcome;
  outcome.duration = std::chrono::ceil<Milliseconds>(media->duration());
  if (media->video) {
    outcome.aspect_ratio = static_cast<double>(media->video->display_width()) /
                           static_cast<double>(media->video->display_height());
  }
  CO_TRY_VOID(co_await services_.database.write(
      [job, video, now, plan = std::move(plan), outcome](db::Session& session) -> Result<> {
        TRY_VOID(jobs::check_fence(session, job));
        store_plan(session, video, plan, now);
        if (plan.audio.mode == StreamMode::none) {
          AudioManifest silence;
          silence.complete = true;
          store_audio(session, video, silence, now);
        }
        TRY_VOID(catalog::record_processing(session, video, outcome, now));
        TRY_VOID(enqueue_work(session, video, plan));
        return jobs::complete(session, job);
      }));
  services_.on_changed(work.uuid);
  co_return Result<>{};
}

io::Task<Result<>> Pipeline::finish(Job job, jobs::JobContext&) {
  CO_TRY(const Input input, co_await input_of(job));
  co_return co_await services_.database.write(
      [this, job, plan = input.plan](db::Session& session) -> Result<> {
        TRY_VOID(jobs::check_fence(session, job));
        switch (settle_whole(session, *job.video, plan, config_.runner_patience)) {
          case Settled::waiting:
            return wait_for_runners(session, job);
          case Settled::queued:
            return jobs::complete(session, job);
          case Settled::complete:
            enqueue_finish(session, *job.video, plan);
            return jobs::complete(session, job);
        }
        return {};
      });
}

Result<> Pipeline::wait_for_runners(db::Session& session, Job job) {
  const Error error{ErrorCode::busy, "a runner is making a rendition, or may still take one"};
  TRY(const bool ended, jobs::postpone(session, job, error.message));
  if (ended) on_failed(session, job, error);
  return {};
}

Plan Pipeline::segment_plan(db::Session& session, VideoId video, Plan plan,
                            std::size_t work_segment) const {
  return plan_of_segment(session, video, std::move(plan), work_segment, config_.runner_patience);
}

}  // namespace shoal::processing
