#include "storage/moves/file_mover.h"

namespace shoal::storage {

JobId enqueue_move(db::Session& session, const FileMove& move) {
  jobs::NewJob job;
  job.kind = k_move_file;
  job.payload = write_move(move);
  job.priority = k_move_priority;
  return jobs::enqueue(session, job);
}

FileMover::FileMover(FileMoverConfig config, Services services)
    : config_(std::move(config)),
      services_(std::move(services)),
      scratch_(config_.scratch, config_.scratch_limit, services_.files),
      copier_({services_.database, services_.stores, services_.files, services_.offload,
               services_.clock, scratch_}) {}

void FileMover::register_handlers(jobs::Runner& runner) {
  jobs::JobHandler handler;
  handler.kind = k_move_file;
  handler.concurrency = config_.concurrency;
  handler.run = [this](const jobs::LeasedJob& job, jobs::JobContext& context) {
    return run(job, context);
  };
  runner.handle(std::move(handler));
}

io::Task<Result<std::optional<MovingFile>>> FileMover::find(FileMove move) {
  co_return co_await services_.database.read(
      [move = std::move(move)](db::Session& session) -> Result<std::optional<MovingFile>> {
        return find_moving_file(session, move);
      });
}

io::Task<Result<std::optional<std::string>>> FileMover::copy(const jobs::LeasedJob& job,
                                                             jobs::JobContext& context,
                                                             const FileMove& move,
                                                             const MovingFile& moving) {
  CopyOrder order{
      .job = job,
      .file = moving.file,
      .from = move.from,
      .from_key = moving.object_key,
      .to = move.to,
      .pace = {},
      .on_progress = [&context, size = moving.file.size](std::uint64_t read) {
        context.report_progress(100.0 * static_cast<double>(read) / static_cast<double>(size));
      }};
  auto copied = co_await copier_.copy(std::move(order));
  if (copied) co_return *std::move(copied);
  // A deletion, or another mover, may have taken the source away under the copy.
  CO_TRY(const auto still, co_await find(move));
  if (!still) co_return std::nullopt;
  co_return std::unexpected(copied.error());
}

io::Task<Result<>> FileMover::run(const jobs::LeasedJob& job, jobs::JobContext& context) {
  CO_TRY(const FileMove move, parse_move(job.payload));
  if (move.from == move.to) co_return fail(ErrorCode::invalid, "a move within one store");
  CO_TRY(const std::optional<MovingFile> moving, co_await find(move));
  std::optional<std::string> new_key;
  if (moving && !moving->has_target) {
    CO_TRY(new_key, co_await copy(job, context, move, *moving));
  }
  const UtcTime now = services_.clock.now();
  CO_TRY(const bool moved,
         co_await services_.database.write(
             [job, move, new_key, now,
              due = now + config_.old_copy_kept_for](db::Session& session) -> Result<bool> {
               TRY_VOID(jobs::check_fence(session, job));
               TRY(const bool switched, switch_placement(session, move, new_key, due, now));
               TRY_VOID(jobs::complete(session, job));
               return switched;
             }));
  if (moved && moving && moving->file.video && services_.on_moved)
    services_.on_moved(*moving->file.video);
  co_return Result<>{};
}

}  // namespace shoal::storage
