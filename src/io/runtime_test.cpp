#include "io/runtime.h"

#include <boost/asio/post.hpp>
#include <future>
#include <set>
#include <stdexcept>
#include <thread>

namespace shoal::io {
namespace {

TEST(Runtime, every_executor_has_its_own_thread) {
  Runtime runtime(3);
  ASSERT_EQ(runtime.size(), 3U);
  std::set<std::thread::id> threads;
  for (int i = 0; i < 6; ++i) {
    std::promise<std::thread::id> id;
    boost::asio::post(runtime.next_executor(), [&id] { id.set_value(std::this_thread::get_id()); });
    threads.insert(id.get_future().get());
  }
  EXPECT_EQ(threads.size(), 3U);
}

Task<> fail_with_message() {
  throw std::runtime_error("told");
  co_return;
}

TEST(Runtime, run_until_done_rethrows) {
  Runtime runtime(1);
  EXPECT_THROW(runtime.run_until_done(fail_with_message()), std::runtime_error);
}

}  // namespace
}  // namespace shoal::io
