#include "io/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <future>
#include <stdexcept>

#include "base/clock.h"
#include "io/runtime.h"

namespace shoal::io {
namespace {

namespace asio = boost::asio;
using std::chrono::hours;

Task<> sleep_for_ever() {
  asio::steady_timer timer(co_await asio::this_coro::executor, hours(1));
  co_await timer.async_wait(use_awaitable);
}

Task<> set(std::promise<void>& flag) {
  flag.set_value();
  co_return;
}

struct Witness {
  explicit Witness(bool& flag) : destroyed(flag) {}
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  ~Witness() { destroyed = true; }
  bool& destroyed;
};

Task<> hold(bool& destroyed, std::promise<void>& started) {
  const Witness witness(destroyed);
  started.set_value();
  co_await sleep_for_ever();
}

TEST(TaskGroup, stop_cancels_and_waits_until_the_frames_are_gone) {
  Runtime runtime(2);
  TaskGroup group(runtime.executor(0), "test");
  bool first = false;
  bool second = false;
  std::promise<void> started[2];
  ASSERT_TRUE(group.spawn(hold(first, started[0])));
  ASSERT_TRUE(group.spawn_on(runtime.executor(1), hold(second, started[1])));
  for (auto& flag : started) flag.get_future().wait();
  EXPECT_EQ(group.running(), 2U);
  runtime.run_until_done(group.stop());
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
  EXPECT_EQ(group.running(), 0U);
}

TEST(TaskGroup, a_task_cancelled_before_its_first_step_ends_too) {
  Runtime runtime(1);
  TaskGroup group(runtime.executor(0), "test");
  for (int i = 0; i < 100; ++i) group.spawn(sleep_for_ever());
  runtime.run_until_done(group.stop());
  EXPECT_EQ(group.running(), 0U);
}

TEST(TaskGroup, refuses_tasks_once_stopped) {
  Runtime runtime(1);
  TaskGroup group(runtime.executor(0), "test");
  runtime.run_until_done(group.stop());
  std::promise<void> ran;
  EXPECT_FALSE(group.spawn(set(ran)));
}

TEST(TaskGroup, drain_lets_tasks_finish) {
  Runtime runtime(1);
  TaskGroup group(runtime.executor(0), "test");
  std::promise<void> ran;
  ASSERT_TRUE(group.spawn(set(ran)));
  runtime.run_until_done(group.drain());
  EXPECT_EQ(ran.get_future().wait_for(Seconds(0)), std::future_status::ready);
  EXPECT_FALSE(group.spawn(sleep_for_ever()));
}

// The toolchain's facts that the rest of the code relies on.

Task<> react_to(asio::cancellation_type type, bool& cancelled) {
  asio::steady_timer timer(co_await asio::this_coro::executor, Milliseconds(1));
  cancelled = false;
  boost::system::error_code error;
  co_await timer.async_wait(asio::redirect_error(use_awaitable, error));
  cancelled = error == asio::error::operation_aborted;
  std::ignore = type;
}

TEST(CancellationFacts, only_terminal_cancellation_reaches_a_coroutine) {
  for (const auto type : {asio::cancellation_type::total, asio::cancellation_type::partial,
                          asio::cancellation_type::terminal}) {
    asio::io_context context(1);
    asio::cancellation_signal signal;
    bool cancelled = false;
    bool ended = false;
    asio::co_spawn(context, react_to(type, cancelled),
                   asio::bind_cancellation_slot(signal.slot(),
                                                [&](const std::exception_ptr&) { ended = true; }));
    context.poll();
    signal.emit(type);
    context.run();
    EXPECT_TRUE(ended);
    EXPECT_EQ(cancelled, type == asio::cancellation_type::terminal);
  }
}

enum class CleanUp { plain, shielded };

Task<> clean_up_after_cancel(CleanUp kind, bool& cleaned) {
  boost::system::error_code error;
  asio::steady_timer timer(co_await asio::this_coro::executor, hours(1));
  co_await timer.async_wait(asio::redirect_error(use_awaitable, error));
  EXPECT_EQ(error, asio::error::operation_aborted);
  if (kind == CleanUp::shielded) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  }
  timer.expires_after(Milliseconds(1));
  co_await timer.async_wait(asio::redirect_error(use_awaitable, error));
  EXPECT_FALSE(error);
  cleaned = true;
}

TEST(CancellationFacts, clean_up_that_awaits_must_disable_cancellation_first) {
  for (const auto kind : {CleanUp::plain, CleanUp::shielded}) {
    Runtime runtime(1);
    TaskGroup group(runtime.executor(0), "test");
    bool cleaned = false;
    group.spawn(clean_up_after_cancel(kind, cleaned));
    runtime.run_until_done(group.stop());
    EXPECT_EQ(cleaned, kind == CleanUp::shielded);
  }
}

Task<> stop_other(TaskGroup& other, std::promise<void>& stopped) {
  boost::system::error_code error;
  asio::steady_timer timer(co_await asio::this_coro::executor, hours(1));
  co_await timer.async_wait(asio::redirect_error(use_awaitable, error));
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await other.stop();
  stopped.set_value();
}

TEST(TaskGroup, a_cancelled_task_can_stop_another_group) {
  Runtime runtime(2);
  TaskGroup outer(runtime.executor(0), "outer");
  TaskGroup inner(runtime.executor(1), "inner");
  inner.spawn(sleep_for_ever());
  std::promise<void> stopped;
  outer.spawn(stop_other(inner, stopped));
  runtime.run_until_done(outer.stop());
  EXPECT_EQ(stopped.get_future().wait_for(Seconds(0)), std::future_status::ready);
  EXPECT_EQ(inner.running(), 0U);
}

Task<> throw_defect() {
  throw std::logic_error("the defect");
  co_return;
}

using TaskGroupDeathTest = testing::Test;

TEST(TaskGroupDeathTest, an_exception_that_leaves_a_task_is_not_swallowed) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        Runtime runtime(1);
        TaskGroup group(runtime.executor(0), "test");
        group.spawn(throw_defect());
        runtime.run_until_done(group.drain());
      },
      "the defect");
}

TEST(TaskGroupDeathTest, destruction_with_running_tasks_aborts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        Runtime runtime(1);
        TaskGroup group(runtime.executor(0), "test");
        group.spawn(sleep_for_ever());
      },
      "running\\(\\) == 0");
}

}  // namespace
}  // namespace shoal::io
