#include "io/semaphore.h"

#include <gtest/gtest.h>

#include <boost/asio/this_coro.hpp>
#include <vector>

#include "io/runtime.h"
#include "io/task_group.h"

namespace shoal::io {
namespace {

struct Count {
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::atomic<int> done = 0;
};

Task<> pass(Semaphore& semaphore, Count& count) {
  const auto permit = co_await semaphore.acquire();
  const int now = ++count.inside;
  for (int most = count.most; now > most && !count.most.compare_exchange_weak(most, now);) {
  }
  for (int i = 0; i < 3; ++i)
    co_await boost::asio::post(co_await boost::asio::this_coro::executor, use_awaitable);
  --count.inside;
  ++count.done;
}

TEST(SemaphoreTest, as_many_pass_at_once_as_it_permits_and_all_in_the_end) {
  Runtime runtime(2);
  Semaphore semaphore(3);
  Count count;
  runtime.run_until_done([](Runtime& on, Semaphore& shared, Count& counted) -> Task<> {
    TaskGroup tasks(co_await boost::asio::this_coro::executor, "test");
    for (int i = 0; i < 200; ++i) tasks.spawn_on(on.next_executor(), pass(shared, counted));
    co_await tasks.drain();
  }(runtime, semaphore, count));
  EXPECT_EQ(count.done, 200);
  EXPECT_LE(count.most, 3);
  EXPECT_EQ(semaphore.waiting(), 0U);
}

TEST(SemaphoreTest, who_is_cancelled_while_waiting_gives_its_permit_back) {
  Runtime runtime(1);
  Semaphore semaphore(1);
  Count count;
  runtime.run_until_done([](Semaphore& shared, Count& counted) -> Task<> {
    TaskGroup tasks(co_await boost::asio::this_coro::executor, "test");
    {
      const auto held = co_await shared.acquire();
      tasks.spawn(pass(shared, counted));
      while (shared.waiting() == 0)
        co_await boost::asio::post(co_await boost::asio::this_coro::executor, use_awaitable);
      tasks.cancel();
    }
    co_await tasks.drain();
    const auto again = co_await shared.acquire();
  }(semaphore, count));
  EXPECT_EQ(count.done, 0);
}

}  // namespace
}  // namespace shoal::io
