#include "tests/support/virtual_time.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "io/task_group.h"

namespace shoal::io {
namespace {

using std::chrono::hours;

Task<> note(tests::VirtualTime& time, Milliseconds delay, std::string name,
            std::vector<std::string>& order) {
  co_await time.sleep_for(delay);
  order.push_back(name + "@" + std::to_string(time.steady_now().time_since_epoch() / hours(1)));
}

Task<> run_three(tests::VirtualTime& time, std::vector<std::string>& order) {
  TaskGroup group(time.executor(), "test");
  group.spawn(note(time, hours(3), "late", order));
  group.spawn(note(time, hours(1), "early", order));
  group.spawn(note(time, hours(100), "never", order));
  co_await time.sleep_for(hours(5));
  co_await group.stop();
}

TEST(VirtualTime, hours_pass_in_order_and_at_once) {
  tests::VirtualTime time;
  const auto before = time.now();
  std::vector<std::string> order;
  time.run(run_three(time, order));
  EXPECT_EQ(order, (std::vector<std::string>{"early@1", "late@3"}));
  EXPECT_EQ(time.now() - before, hours(5));
}

}  // namespace
}  // namespace shoal::io
