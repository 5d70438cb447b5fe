#include "io/offload.h"

#include <atomic>
#include <boost/asio/post.hpp>
#include <future>
#include <stdexcept>
#include <thread>

#include "io/runtime.h"
#include "io/task_group.h"

namespace shoal::io {
namespace {

namespace asio = boost::asio;

Task<> compute(Offload& offload, std::thread::id& pool, std::thread::id& before,
               std::thread::id& after, int& answer) {
  before = std::this_thread::get_id();
  auto result = co_await offload.run([&pool]() -> Result<int> {
    pool = std::this_thread::get_id();
    return 42;
  });
  after = std::this_thread::get_id();
  answer = result.value_or(0);
}

TEST(Offload, runs_elsewhere_and_resumes_at_home) {
  Runtime runtime(1);
  Offload offload("test", 1, 1);
  std::thread::id pool, before, after;
  int answer = 0;
  runtime.run_until_done(compute(offload, pool, before, after, answer));
  EXPECT_EQ(answer, 42);
  EXPECT_EQ(before, after);
  EXPECT_NE(pool, before);
}

Task<> count_run(Offload& offload, std::atomic<int>& finished, std::atomic<int>& busy) {
  auto result = co_await offload.run([]() -> Result<int> { return 1; });
  if (result) ++finished;
  if (!result && result.error().code == ErrorCode::busy) ++busy;
}

TEST(Offload, goes_on_when_the_machine_has_no_thread_to_give) {
  Runtime runtime(1);
  int left = 0;
  const auto start = [&left](std::function<void()> body) {
    if (left-- <= 0)
      throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
    return std::thread(std::move(body));
  };
  Offload offload("test", 4, 10, start);
  std::atomic<int> finished = 0;
  std::atomic<int> busy = 0;
  runtime.run_until_done(count_run(offload, finished, busy));
  EXPECT_EQ(busy, 1) << "nobody could do it";
  left = 1;
  TaskGroup group(runtime.executor(0), "test");
  for (int i = 0; i < 5; ++i) group.spawn(count_run(offload, finished, busy));
  runtime.run_until_done(group.drain());
  EXPECT_EQ(finished, 5) << "the one thread does all";
  EXPECT_EQ(busy, 1);
}

Task<> throw_in_pool(Offload& offload) {
  std::ignore =
      co_await offload.run([]() -> Result<int> { throw std::runtime_error("from the pool"); });
}

TEST(Offload, an_exception_arrives_at_the_caller) {
  Runtime runtime(1);
  Offload offload("test", 1, 1);
  EXPECT_THROW(runtime.run_until_done(throw_in_pool(offload)), std::runtime_error);
}

Task<> wait_in_pool(Offload& offload, std::shared_future<void> gate, std::promise<void>& started,
                    std::atomic<int>& finished, std::atomic<int>& busy) {
  auto result = co_await offload.run([gate, &started]() -> Result<int> {
    started.set_value();
    gate.wait();
    return 1;
  });
  if (result) ++finished;
  if (!result && result.error().code == ErrorCode::busy) ++busy;
}

TEST(Offload, refuses_with_busy_over_its_bound) {
  Runtime runtime(1);
  Offload offload("test", 2, 3);
  TaskGroup group(runtime.executor(0), "test");
  std::promise<void> open;
  const auto gate = open.get_future().share();
  std::atomic<int> finished = 0;
  std::atomic<int> busy = 0;
  std::vector<std::promise<void>> started(7);
  for (int i = 0; i < 2; ++i) group.spawn(wait_in_pool(offload, gate, started[i], finished, busy));
  for (int i = 0; i < 2; ++i) started[i].get_future().wait();
  for (int i = 2; i < 7; ++i) group.spawn(wait_in_pool(offload, gate, started[i], finished, busy));
  // The executor has one thread: once this task ran, the five before it have been queued or not.
  std::promise<void> passed;
  asio::post(runtime.executor(0), [&passed] { passed.set_value(); });
  passed.get_future().wait();
  EXPECT_EQ(offload.queued(), 3U);
  open.set_value();
  runtime.run_until_done(group.drain());
  EXPECT_EQ(finished, 5);
  EXPECT_EQ(busy, 2);
}

TEST(Offload, accepted_work_runs_to_its_end_although_the_task_is_cancelled) {
  Runtime runtime(1);
  Offload offload("test", 1, 1);
  TaskGroup group(runtime.executor(0), "test");
  std::promise<void> open;
  const auto gate = open.get_future().share();
  std::promise<void> started;
  std::atomic<int> finished = 0;
  std::atomic<int> busy = 0;
  group.spawn(wait_in_pool(offload, gate, started, finished, busy));
  started.get_future().wait();
  group.cancel();
  EXPECT_EQ(group.running(), 1U);
  open.set_value();
  runtime.run_until_done(group.stop());
  EXPECT_EQ(finished, 1);
}

}  // namespace
}  // namespace shoal::io
