#include "storage/moves/file_mover.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/text.h"
#include "storage/exposure/exposure_rows.h"

namespace shoal::storage {
namespace {

/// Files that one transaction makes items of.
constexpr std::size_t k_planned_at_once = 500;
constexpr std::chrono::minutes k_watch_every{10};
/// A process that is killed takes an attempt of each file on its way; none is harmed by that.
constexpr int k_attempts = 50;
/// A file of a batch that fails by itself so often is told of; resuming the batch tries it again.
/// What is to come home has nobody who would resume it.
constexpr int k_failures = 5;

}  // namespace

JobId enqueue_move(db::Session& session, const FileMove& move) {
  jobs::NewJob job;
  job.kind = k_move_file;
  job.payload = write_move(move);
  job.priority = k_move_priority;
  job.max_attempts = k_attempts;
  if (move.batch) job.max_failures = k_failures;
  return jobs::enqueue(session, job);
}

void enqueue_batch_watch(db::Session& session, MoveBatchId batch, UtcTime when) {
  jobs::NewJob job;
  job.kind = k_watch_batch;
  job.payload = std::to_string(batch.value);
  job.run_after = when;
  job.max_attempts = 100;
  jobs::enqueue(session, job);
}

FileMover::FileMover(FileMoverConfig config, Services services)
    : config_(std::move(config)),
      services_(std::move(services)),
      scratch_(config_.scratch, config_.scratch_limit, services_.files),
      copier_({services_.database, services_.stores, services_.files, services_.offload,
               services_.clock, scratch_, services_.exposes}) {}

void FileMover::register_handlers(jobs::Runner& runner) {
  jobs::JobHandler mover;
  mover.kind = k_move_file;
  mover.concurrency = config_.concurrency;
  mover.run = [this](Job job, jobs::JobContext& context) { return run(job, context); };
  mover.on_failed = [](db::Session& session, Job job, const Error& error) {
    const auto move = parse_move(job.payload);
    if (move && move->batch) end_move_item(session, *move, ItemEnd::failed, error.message);
  };
  runner.handle(std::move(mover));
  jobs::JobHandler watcher;
  watcher.kind = k_watch_batch;
  watcher.run = [this](Job job, jobs::JobContext&) { return watch(job); };
  runner.handle(std::move(watcher));
}

io::Task<Result<FileMover::Start>> FileMover::look(FileMove move) {
  co_return co_await services_.database.read(
      [move = std::move(move)](db::Session& session) -> Result<Start> {
        Start start;
        start.moving = find_moving_file(session, move);
        if (!move.batch) return start;
        // A batch that is forgotten holds nobody up.
        const auto leave = find_batch_leave(session, *move.batch);
        start.leave = leave.value_or(BatchLeave());
        start.is_held_up = start.leave.state != BatchState::running;
        return start;
      });
}

std::shared_ptr<FileMover::BatchTraffic> FileMover::traffic_of(const FileMove& move,
                                                               const BatchLeave& leave) {
  if (!move.batch) return nullptr;
  const std::scoped_lock lock(mutex_);
  const SteadyTime now = services_.clock.steady_now();
  std::erase_if(traffic_, [&](const auto& entry) {
    return entry.second.use_count() == 1 && entry.second->pace.is_idle(now);
  });
  auto& traffic = traffic_[*move.batch];
  if (!traffic) traffic = std::make_shared<BatchTraffic>(leave.parallel);
  return traffic;
}

io::Task<> FileMover::hold(std::shared_ptr<BatchTraffic> traffic, std::uint64_t rate_limit,
                           std::uint64_t bytes) {
  Milliseconds wait{0};
  {
    const std::scoped_lock lock(mutex_);
    wait = traffic->pace.book(bytes, rate_limit, services_.clock.steady_now());
  }
  if (wait <= Milliseconds{0}) co_return;
  if (services_.wait_for) {
    co_await services_.wait_for(wait);
    co_return;
  }
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, wait);
  co_await timer.async_wait(io::use_awaitable);
}

io::Task<Result<std::optional<std::string>>> FileMover::copy(Job job, jobs::JobContext& context,
                                                             const FileMove& move,
                                                             const Start& start) {
  if (!start.moving || start.moving->has_target) co_return std::nullopt;
  const RecordedFile& file = start.moving->file;
  CopyOrder order{
      .job = job,
      .file = file,
      .from = move.from,
      .from_key = start.moving->object_key,
      .to = move.to,
      .pace = {},
      .on_progress = [&context, size = file.size](std::uint64_t read) {
        context.report_progress(100.0 * static_cast<double>(read) / static_cast<double>(size));
      }};
  if (const auto traffic = traffic_of(move, start.leave)) {
    order.turn = [traffic] { return traffic->transfers.acquire(); };
    if (const std::uint64_t rate_limit = start.leave.rate_limit; rate_limit > 0)
      order.pace = [this, traffic, rate_limit](std::uint64_t bytes) {
        return hold(traffic, rate_limit, bytes);
      };
  }
  auto copied = co_await copier_.copy(std::move(order));
  if (copied) co_return *std::move(copied);
  // A deletion, or another mover, may have taken the source away under the copy.
  CO_TRY(const Start now, co_await look(move));
  if (!now.moving) co_return std::nullopt;
  co_return std::unexpected(copied.error());
}

io::Task<Result<bool>> FileMover::finish(Job job, FileMove move,
                                         std::optional<std::string> new_key) {
  const UtcTime now = services_.clock.now();
  co_return co_await services_.database.write(
      [this, job, move = std::move(move), new_key = std::move(new_key), now,
       due = now + config_.old_copy_kept_for](db::Session& session) -> Result<bool> {
        TRY_VOID(jobs::check_fence(session, job));
        TRY(const bool switched, switch_placement(session, move, new_key, due, now));
        if (switched && services_.exposes && services_.exposes(move.to))
          settle_exposure_of_file_later(session, move.file);
        const ItemEnd end = switched ? ItemEnd::done : ItemEnd::skipped;
        if (move.batch) end_move_item(session, move, end, std::nullopt);
        TRY_VOID(jobs::complete(session, job));
        return switched;
      });
}

io::Task<Result<>> FileMover::put_back(Job job, FileMove move) {
  co_return co_await services_.database.write(
      [job, move = std::move(move)](db::Session& session) -> Result<> {
        TRY_VOID(jobs::check_fence(session, job));
        put_back_move_item(session, move);
        return jobs::complete(session, job);
      });
}

io::Task<Result<>> FileMover::run(Job job, jobs::JobContext& context) {
  CO_TRY(const FileMove move, parse_move(job.payload));
  if (move.from == move.to) co_return fail(ErrorCode::invalid, "a move within one store");
  CO_TRY(const Start start, co_await look(move));
  if (start.is_held_up) co_return co_await put_back(job, move);
  CO_TRY(std::optional<std::string> new_key, co_await copy(job, context, move, start));
  CO_TRY(const bool moved, co_await finish(job, move, std::move(new_key)));
  if (!moved || !start.moving) co_return Result<>{};
  count(move, start);
  if (start.moving->file.video && services_.on_moved) services_.on_moved(*start.moving->file.video);
  co_return Result<>{};
}

void FileMover::count(const FileMove& move, const Start& start) const {
  if (services_.metrics == nullptr) return;
  const Labels labels{{"from", move.from}, {"to", move.to}};
  services_.metrics
      ->counter("shoal_moved_files_total", "Files that this process moved between stores.", labels)
      .add();
  services_.metrics->counter("shoal_moved_bytes_total", "Their bytes.", labels)
      .add(static_cast<double>(start.moving->file.size));
}

io::Task<Result<>> FileMover::watch(Job job) {
  const auto number = parse_int(job.payload);
  if (!number) co_return fail(ErrorCode::corrupt, "the payload of a batch's watch is no number");
  const MoveBatchId batch{*number};
  for (bool more = true; more;) {
    CO_TRY(more, co_await services_.database.write([job](db::Session& session) -> Result<bool> {
      TRY_VOID(jobs::check_fence(session, job));
      return prune_move_batches(session);
    }));
  }
  for (bool more = true; more;) {
    CO_TRY(more,
           co_await services_.database.write([job, batch](db::Session& session) -> Result<bool> {
             TRY_VOID(jobs::check_fence(session, job));
             TRY(const bool unplanned, plan_move_batch(session, batch, k_planned_at_once));
             keep_batch_going(session, batch);
             return unplanned;
           }));
  }
  co_return co_await services_.database.write([job, batch](db::Session& session) -> Result<> {
    TRY_VOID(jobs::check_fence(session, job));
    if (keep_batch_going(session, batch))
      enqueue_batch_watch(session, batch, session.now() + k_watch_every);
    return jobs::complete(session, job);
  });
}

}  // namespace shoal::storage
