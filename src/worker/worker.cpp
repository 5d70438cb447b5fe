#include "worker/worker.h"

#include <fmt/format.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>

#include "base/log.h"
#include "io/task_group.h"
#include "processing/commands.h"
#include "worker/backoff.h"
#include "worker/source_cache.h"

namespace shoal::worker {
namespace {

constexpr std::size_t k_kept_sources = 2;
/// How often the end of a job is told before the lease is left to run out.
constexpr int k_last_words = 3;
constexpr int k_fetched = 10;
constexpr int k_encoded = 90;

/// What passes, of the network or of the server.
bool may_pass(ErrorCode code) {
  return code == ErrorCode::unavailable || code == ErrorCode::busy || code == ErrorCode::timeout;
}

/// A pause that others end.
class Nap {
 public:
  explicit Nap(const io::Executor& executor) : timer_(executor) {}
  io::Task<> wait(Milliseconds time) {
    timer_.expires_after(time);
    boost::system::error_code woken;
    co_await timer_.async_wait(boost::asio::redirect_error(io::use_awaitable, woken));
  }
  void wake() { timer_.cancel(); }

 private:
  boost::asio::steady_timer timer_;
};

/// One job of this process.
struct Running {
  Running(runners::Assignment assigned, std::string runner_token, const io::Executor& executor)
      : job(std::move(assigned)),
        proof{std::move(runner_token), job.job, job.job_token},
        beat_nap(executor),
        group(executor, "segment") {}

  const runners::Assignment job;
  const ServerLink::Proof proof;
  int progress = 0;
  bool is_made = false;  ///< and on its way to the server
  bool is_lost = false;  ///< the lease
  bool is_over = false;
  std::optional<Result<>> outcome;  ///< nothing: cancelled
  Nap beat_nap;
  io::TaskGroup group;
};
using RunningPointer = std::shared_ptr<Running>;
using Offered = Result<std::vector<std::string>>;

}  // namespace

/// The loops end by `stopping`, never by cancellation: a cancelled accept would lose a job that the
/// server has just leased until its lease expires.
struct Worker::Impl : std::enable_shared_from_this<Impl> {
  Impl(WorkerConfig settings, std::string runner_token, const ServerLink& link,
       const processing::Steps& the_steps, Random& chance, io::Executor on)
      : config(std::move(settings)),
        token(std::move(runner_token)),
        server(link),
        steps(the_steps),
        random(chance),
        executor(std::move(on)),
        sources(config.folder / "sources", k_kept_sources, steps.files, steps.offload),
        poll_nap(executor),
        tasks(executor, "worker") {}

  io::Task<Result<>> poll() {
    Backoff backoff(random);
    while (!stopping) {
      if (!has_room()) {
        co_await poll_nap.wait(config.beat_every);
        continue;
      }
      const auto asked = std::chrono::steady_clock::now();
      auto offered = co_await ask();
      if (stopping) break;
      if (!offered && !may_pass(offered.error().code)) co_return std::unexpected(offered.error());
      if (!offered) {
        log::warn("the server gives no answer", {{"reason", offered.error().message}});
        co_await poll_nap.wait(backoff.next());
        continue;
      }
      backoff.reset();
      if (co_await take(*std::move(offered)) || stopping) continue;
      // The server has waited mostly; one that does not is not asked all the time.
      const auto passed =
          std::chrono::floor<Milliseconds>(std::chrono::steady_clock::now() - asked);
      const Milliseconds pause = jittered(config.poll_every, random);
      if (passed < pause) co_await poll_nap.wait(pause - passed);
    }
    co_return Result<>{};
  }

  /// While results are on their way the next are made already; as many at the most.
  bool has_room() const {
    const auto making =
        std::ranges::count_if(running, [](const auto& entry) { return !entry.second->is_made; });
    return static_cast<std::size_t>(making) < config.concurrency &&
           running.size() < 2 * config.concurrency;
  }

  /// What may be taken, once there is something; drain() ends the wait, and takes nothing with it.
  io::Task<Offered> ask() {
    Offered offered = fail(ErrorCode::unavailable, "the worker stops");
    asking.emplace(executor, "request");
    asking->spawn(hear(shared_from_this(), offered));
    co_await asking->drain();
    co_return offered;
  }

  static io::Task<> hear(std::shared_ptr<Impl> self, Offered& offered) {
    offered = co_await self->server.request(self->token, self->config.labels, self->config.ask_for);
  }

  /// Whether one was taken: there may be more then.
  io::Task<bool> take(std::vector<std::string> offered) {
    bool took = false;
    for (std::string& job : offered) {
      if (stopping || !has_room()) break;
      auto accepted = co_await server.accept(token, std::move(job));
      if (!accepted) {
        // Mostly somebody was faster.
        log::debug("a job was not taken", {{"reason", accepted.error().message}});
        continue;
      }
      took = true;
      start(*std::move(accepted));
    }
    co_return took;
  }

  void start(runners::Assignment job) {
    auto entry = std::make_shared<Running>(std::move(job), token, executor);
    log::info("a segment is begun", {{"job", entry->job.job},
                                     {"video", entry->job.input.video.text()},
                                     {"segment", entry->job.work_segment}});
    running.emplace(entry->job.job_token, entry);
    tasks.spawn(supervise(shared_from_this(), std::move(entry)));
  }

  static io::Task<> supervise(std::shared_ptr<Impl> self, RunningPointer entry) {
    io::TaskGroup beats(self->executor, "beats");
    beats.spawn(self->beat(*entry));
    if (!self->is_giving_back) {
      entry->group.spawn(run_job(self, entry));
      co_await entry->group.drain();
    }
    entry->is_over = true;
    entry->beat_nap.wake();
    co_await beats.drain();
    co_await self->end(*entry);
    self->running.erase(entry->job.job_token);
    self->poll_nap.wake();
  }

  static io::Task<> run_job(std::shared_ptr<Impl> self, RunningPointer entry) {
    entry->outcome = co_await self->make(*entry);
  }

  /// Keeps the lease, and hears when it is gone.
  io::Task<> beat(Running& entry) {
    while (!entry.is_over) {
      co_await entry.beat_nap.wait(jittered(config.beat_every, random));
      if (entry.is_over) co_return;
      const auto told = co_await server.update(entry.proof, entry.progress);
      if (told || may_pass(told.error().code)) continue;
      log::warn("a job was taken from us",
                {{"job", entry.job.job}, {"reason", told.error().message}});
      entry.is_lost = true;
      entry.group.cancel();
      co_return;
    }
  }

  io::Task<Result<>> make(Running& entry) {
    const Scratch scratch(steps.files, config.folder / "work" / entry.job.job);
    CO_TRY_VOID(steps.files.create_directories(scratch.path()));
    CO_TRY_VOID(co_await encode(entry, scratch.path()));
    entry.progress = k_encoded;
    CO_TRY(std::vector<Piece> pieces, pieces_in(entry, scratch.path()));
    entry.is_made = true;
    poll_nap.wake();
    co_return co_await deliver(entry, std::move(pieces));
  }

  io::Task<Result<>> encode(Running& entry, io::Path scratch) {
    SourceCache::Use source(sources, entry.job.input.video);
    CO_TRY(const io::Path path, co_await fetch(entry, source));
    entry.progress = k_fetched;
    co_return co_await processing::encode_work(steps, entry.job.plan, entry.job.work_segment, path,
                                               std::move(scratch));
  }

  /// A job's own folder; gone with everything in it when the job ends, however it ends.
  class Scratch {
   public:
    Scratch(io::FileSystem& files, io::Path path) : files_(files), path_(std::move(path)) {}
    ~Scratch() { (void)files_.remove_all(path_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    const io::Path& path() const { return path_; }

   private:
    io::FileSystem& files_;
    io::Path path_;
  };

  /// Until it is there or the lease is lost, which cancels this.
  io::Task<Result<io::Path>> fetch(Running& entry, SourceCache::Use& source) {
    Backoff backoff(random);
    Nap nap(executor);
    while (true) {
      auto path = co_await source.fetch(entry.job.input.size, [this, &entry](std::uint64_t from) {
        return server.open_source(entry.proof, entry.job.input.url, from);
      });
      if (path || !may_pass(path.error().code)) co_return path;
      log::warn("the source does not come",
                {{"job", entry.job.job}, {"reason", path.error().message}});
      co_await nap.wait(backoff.next());
    }
  }

  Result<std::vector<Piece>> pieces_in(const Running& entry, const io::Path& folder) const {
    std::vector<Piece> pieces;
    pieces.reserve(entry.job.plan.renditions.size());
    for (const processing::RenditionPlan& rendition : entry.job.plan.renditions) {
      if (rendition.video != processing::StreamMode::encode) continue;
      io::Path path = processing::video_piece_path(folder, rendition, entry.job.work_segment);
      TRY(const io::FileStatus status, steps.files.status(path));
      pieces.push_back({rendition.resolution, std::move(path), status.size});
    }
    return pieces;
  }

  io::Task<Result<>> deliver(Running& entry, std::vector<Piece> pieces) {
    Backoff backoff(random);
    Nap nap(executor);
    if (entry.job.takes_puts) {
      // A store that this machine does not reach costs one try for each job.
      const auto done = co_await server.deliver_by_store(entry.proof, pieces);
      if (done || (!may_pass(done.error().code) && done.error().code != ErrorCode::unsupported))
        co_return done;
      log::warn("a result goes by the server",
                {{"job", entry.job.job}, {"reason", done.error().message}});
    }
    while (true) {
      auto done = co_await server.deliver(entry.proof, pieces);
      if (done || !may_pass(done.error().code)) co_return done;
      log::warn("a result was not taken yet",
                {{"job", entry.job.job}, {"reason", done.error().message}});
      co_await nap.wait(backoff.next());
    }
  }

  io::Task<> end(Running& entry) {
    if (entry.is_lost) co_return;
    if (entry.outcome && entry.outcome->has_value()) {
      log::info("a segment is made", {{"job", entry.job.job}});
      co_return;
    }
    // Also when an answer was lost on the way: then the job is done.
    if (entry.outcome && entry.outcome->error().code == ErrorCode::conflict) co_return;
    if (entry.outcome) {
      log::warn("a segment was not made",
                {{"job", entry.job.job}, {"reason", entry.outcome->error().message}});
    }
    Backoff backoff(random);
    Nap nap(executor);
    for (int i = 0; i < k_last_words; ++i) {
      const auto told = entry.outcome
                            ? co_await server.fail_job(entry.proof, entry.outcome->error().message)
                            : co_await server.abort(entry.proof);
      if (told || !may_pass(told.error().code)) co_return;
      if (i + 1 < k_last_words) co_await nap.wait(backoff.next());
    }
  }

  static io::Task<Result<>> run(std::shared_ptr<Impl> self) {
    auto polled = co_await self->poll();
    if (!polled) self->stop();
    co_await self->tasks.drain();
    co_return polled;
  }

  void drain() {
    stopping = true;
    poll_nap.wake();
    if (asking) asking->cancel();
  }

  void stop() {
    drain();
    is_giving_back = true;
    for (const auto& [token_of_job, entry] : running) entry->group.cancel();
  }

  const WorkerConfig config;
  const std::string token;
  const ServerLink& server;
  const processing::Steps& steps;
  Random& random;
  const io::Executor executor;
  SourceCache sources;
  std::map<std::string, RunningPointer> running;
  bool stopping = false;
  bool is_giving_back = false;
  Nap poll_nap;
  std::optional<io::TaskGroup> asking;  ///< the request for jobs, while there is one
  io::TaskGroup tasks;
};

Worker::Worker(WorkerConfig config, std::string runner_token, const ServerLink& server,
               const processing::Steps& steps, Random& random, io::Executor executor)
    : impl_(std::make_shared<Impl>(std::move(config), std::move(runner_token), server, steps,
                                   random, std::move(executor))) {}

Worker::~Worker() = default;

io::Task<Result<>> Worker::run() {
  return Impl::run(impl_);
}

void Worker::drain() {
  impl_->drain();
}

void Worker::stop() {
  impl_->stop();
}

}  // namespace shoal::worker
