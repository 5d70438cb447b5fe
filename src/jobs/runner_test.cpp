#include "jobs/runner.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/this_coro.hpp>
#include <latch>

#include "jobs/list.h"
#include "tests/support/database_fixture.h"

namespace shoal::jobs {
namespace {

RunnerConfig quick() {
  RunnerConfig config;
  config.heartbeat_every = Milliseconds{50};
  config.poll_every = Milliseconds{200};
  return config;
}

/// Sleeps until cancelled, or for a minute, and says which.
io::Task<Result<>> sleep_long(std::latch& started, std::atomic<bool>& cancelled) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor,
                                  std::chrono::minutes(1));
  started.count_down();
  try {
    co_await timer.async_wait(io::use_awaitable);
  } catch (const boost::system::system_error&) {
    cancelled = true;
    throw;
  }
  co_return Result<>{};
}

// What handlers do, in functions: a coroutine must not be a lambda that captures.
io::Task<Result<>> note(std::mutex& mutex, std::string& order, std::string kind) {
  const std::scoped_lock lock(mutex);
  order += kind;
  co_return Result<>{};
}

io::Task<Result<>> count_run(std::atomic<int>& runs) {
  ++runs;
  co_return Result<>{};
}

io::Task<Result<>> count_at_once(std::atomic<int>& now, std::atomic<int>& most) {
  most = std::max(most.load(), ++now);
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, Milliseconds{5});
  co_await timer.async_wait(io::use_awaitable);
  --now;
  co_return Result<>{};
}

class RunnerTest : public tests::DatabaseTest {
 public:
  ~RunnerTest() override { stop(); }

 protected:
  JobId add(std::string kind, std::vector<JobId> after = {}, std::optional<VideoId> video = {}) {
    NewJob job;
    job.kind = std::move(kind);
    job.after = std::move(after);
    job.video = video;
    auto id = database->write_blocking(
        [&](db::Session& session) -> Result<JobId> { return enqueue(session, job); });
    EXPECT_TRUE(id);
    return *id;
  }
  void start() {
    runner->start();
    started = true;
  }
  void stop() {
    if (std::exchange(started, false)) runtime.run_until_done(runner->stop());
  }
  std::string state(JobId id) {
    return *database->read_blocking([&](db::Session& session) -> Result<std::string> {
      for (const auto& job : list_jobs(session, {}).jobs) {
        if (job.id == id) return std::string(to_string(job.state)) + ":" + job.error.value_or("");
      }
      return std::string("none");
    });
  }
  /// Waits on the notifications of the queue, at most 20 s.
  void wait_for(JobId id, const std::string& wanted) {
    wait_until([&] { return state(id) == wanted; });
    EXPECT_EQ(state(id), wanted);
  }
  void wait_until(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + Seconds{20};
    while (!holds() && std::chrono::steady_clock::now() < deadline) {
      runtime.run_until_done([](db::Notifier& notifier) -> io::Task<> {
        co_await notifier.wait(k_waiting_channel, notifier.count(k_waiting_channel),
                               Milliseconds{20});
      }(database->notifier()));
    }
    EXPECT_TRUE(holds());
  }

  io::Runtime runtime{2};
  Progress progress;
  Metrics metrics;
  std::unique_ptr<Runner> runner =
      std::make_unique<Runner>(runtime, *database, progress, metrics, quick());
  bool started = false;
};
SHOAL_ON_BOTH_ENGINES(RunnerTest);

TEST_P(RunnerTest, runs_a_graph_in_order) {
  std::mutex mutex;
  std::string order;
  for (const char* kind : {"a", "b"}) {
    runner->handle({kind, 2,
                    [&](const LeasedJob& job, JobContext&) { return note(mutex, order, job.kind); },
                    nullptr});
  }
  const auto first = add("a");
  const auto last = add("b", {first, add("a")});
  start();
  wait_for(last, "completed:");
  EXPECT_EQ(order, "aab");
}

TEST_P(RunnerTest, starts_what_is_enqueued_while_it_waits) {
  runner->handle({"a", 1,
                  [](const LeasedJob&, JobContext&) -> io::Task<Result<>> { co_return Result<>{}; },
                  nullptr});
  start();
  wait_for(add("a"), "completed:");
}

TEST_P(RunnerTest, an_error_that_cannot_get_better_ends_the_job_and_tells) {
  std::atomic<int> told = 0;
  runner->handle({"a", 1,
                  [](const LeasedJob&, JobContext&) -> io::Task<Result<>> {
                    co_return fail(ErrorCode::unsupported, "no such codec");
                  },
                  [&](db::Session& session, const LeasedJob& job, const Error&) {
                    ++told;
                    session.execute(
                        "insert into setting (key, value, updated_at) values (:k, 'failed', 1)",
                        {std::to_string(job.id.value)});
                  }});
  start();
  const auto id = add("a");
  wait_for(id, "failed:no such codec");
  EXPECT_EQ(told, 1);
  EXPECT_EQ(database->read_blocking([&](db::Session& session) -> Result<std::string> {
    return session
        .query_one("select value from setting where key = :k", {std::to_string(id.value)})
        ->text(0);
  }),
            "failed");
}

TEST_P(RunnerTest, an_error_that_may_get_better_is_tried_again_later) {
  runner->handle({"a", 1,
                  [](const LeasedJob&, JobContext&) -> io::Task<Result<>> {
                    co_return fail(ErrorCode::unavailable, "the store is away");
                  },
                  nullptr});
  start();
  wait_for(add("a"), "delayed:the store is away");
}

TEST_P(RunnerTest, a_cancelled_job_cancels_its_handler) {
  std::latch begun(1);
  std::atomic<bool> cancelled = false;
  runner->handle({"a", 1,
                  [&](const LeasedJob&, JobContext& context) -> io::Task<Result<>> {
                    context.report_progress(40);
                    return sleep_long(begun, cancelled);
                  },
                  nullptr});
  runner->handle({"b", 1,
                  [](const LeasedJob&, JobContext&) -> io::Task<Result<>> { co_return Result<>{}; },
                  nullptr});
  start();
  const auto id = add("a", {}, VideoId{3});
  begun.wait();
  EXPECT_EQ(progress.get(id), 40);
  ASSERT_TRUE(database->write_blocking([](db::Session& session) -> Result<> {
    cancel_video(session, VideoId{3}, "its video was deleted");
    return {};
  }));
  wait_for(id, "failed:its video was deleted");
  // The slot is free again only when the handler has ended.
  stop();
  EXPECT_TRUE(cancelled);
  EXPECT_EQ(progress.get(id), std::nullopt);
}

TEST_P(RunnerTest, who_has_nothing_to_do_makes_what_another_is_slow_with_and_that_one_stops) {
  std::latch begun(1);
  std::atomic<bool> cancelled = false;
  std::atomic<int> runs = 0;
  runner->handle({"a", 1,
                  [&](const LeasedJob&, JobContext&) -> io::Task<Result<>> {
                    return sleep_long(begun, cancelled);
                  },
                  nullptr, true});
  start();
  const auto id = add("a", {}, VideoId{3});
  begun.wait();
  ASSERT_TRUE(database->write_blocking([](db::Session& session) -> Result<> {
    session.execute("update job set leased_at = leased_at - 60000");
    for (int done = 101; done < 104; ++done) {
      session.execute(
          "insert into job_history (id, kind, video_id, payload, priority, outcome, attempt,"
          " created_at, leased_at, finished_at) values (:id, 'a', 3, '{}', 1, 1, 1, 0, 0, 1000)",
          {done});
    }
    return {};
  }));
  Runner other(runtime, *database, progress, metrics, quick());
  other.handle(
      {"a", 1, [&](const LeasedJob&, JobContext&) { return count_run(runs); }, nullptr, true});
  other.start();
  wait_for(id, "completed:");
  wait_until([&] { return cancelled.load(); });
  runtime.run_until_done(other.stop());
  EXPECT_EQ(runs, 1);
}

TEST_P(RunnerTest, stopping_gives_running_jobs_back_unharmed) {
  std::latch begun(1);
  std::atomic<bool> cancelled = false;
  runner->handle({"a", 1,
                  [&](const LeasedJob&, JobContext&) -> io::Task<Result<>> {
                    return sleep_long(begun, cancelled);
                  },
                  nullptr});
  start();
  const auto id = add("a");
  begun.wait();
  stop();
  EXPECT_TRUE(cancelled);
  EXPECT_EQ(state(id), "waiting:");
}

TEST_P(RunnerTest, paused_it_leases_nothing_until_it_goes_on) {
  std::atomic<int> runs = 0;
  runner->handle({"a", 1, [&](const LeasedJob&, JobContext&) { return count_run(runs); }, nullptr});
  runner->set_paused(true);
  const auto first = add("a");
  start();
  // A whole round of asking passes.
  runtime.run_until_done([](db::Notifier& notifier) -> io::Task<> {
    co_await notifier.wait("none", 0, quick().poll_every * 2);
  }(database->notifier()));
  EXPECT_EQ(state(first), "waiting:");
  runner->set_paused(false);
  wait_for(first, "completed:");
}

TEST_P(RunnerTest, no_more_run_at_once_than_allowed) {
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  runner->handle(
      {"a", 1, [&](const LeasedJob&, JobContext&) { return count_at_once(now, most); }, nullptr});
  JobId last;
  for (int i = 0; i < 10; ++i) last = add("a");
  start();
  wait_for(last, "completed:");
  EXPECT_EQ(most, 1);
}

TEST_P(RunnerTest, a_job_whose_workers_died_too_often_is_failed_not_run) {
  std::atomic<int> runs = 0;
  runner->handle({"a", 1, [&](const LeasedJob&, JobContext&) { return count_run(runs); }, nullptr});
  const auto id = add("a");
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
    session.execute("update job set attempt = max_attempts where id = :id", {id});
    return {};
  }));
  start();
  wait_for(id, "failed:all 5 attempts failed, the last with its worker");
  EXPECT_EQ(runs, 0);
}

}  // namespace
}  // namespace shoal::jobs
