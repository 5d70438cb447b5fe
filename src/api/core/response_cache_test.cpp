#include "api/core/response_cache.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>

#include "tests/support/manual_clock.h"

namespace shoal::api {
namespace {

namespace asio = boost::asio;
using Slot = ResponseCache::Slot;

class ResponseCacheTest : public testing::Test {
 protected:
  /// Opens a slot into `place`; it stays empty while another one is waited for.
  void open(std::string key, std::optional<Slot>& place) {
    auto opening = [](ResponseCache& cache, std::string of,
                      std::optional<Slot>& out) -> io::Task<> {
      out = co_await cache.open(std::move(of));
    };
    asio::co_spawn(context_, opening(cache_, std::move(key), place),
                   [](const std::exception_ptr& error) {
                     if (error) std::rethrow_exception(error);
                   });
    run();
  }
  Slot open(std::string key) {
    std::optional<Slot> slot;
    open(std::move(key), slot);
    return std::move(slot.value());
  }
  void run() {
    context_.restart();
    context_.poll();
  }
  ResponseCache::Text find(std::string key) { return open(std::move(key)).text; }
  void keep(const std::string& key, std::size_t size) {
    open(key).keep(std::string(size, 'x'), Milliseconds{1000});
  }

  asio::io_context context_;
  tests::ManualClock clock_;
  Metrics metrics_;
  ResponseCache cache_{clock_, metrics_};
};

TEST_F(ResponseCacheTest, keeps_for_its_time_and_not_across_a_change) {
  open("a").keep("body", Milliseconds{1000});
  EXPECT_EQ(*find("a"), "body");
  clock_.advance(Milliseconds{1000});
  EXPECT_EQ(find("a"), nullptr);
  Slot before = open("a");
  cache_.clear();
  EXPECT_EQ(*before.keep("old", Milliseconds{1000}), "old");
  EXPECT_EQ(find("a"), nullptr) << "its data was read before the change";
}

TEST_F(ResponseCacheTest, one_makes_an_answer_and_the_others_wait_for_it) {
  std::optional<Slot> first = open("a");
  std::optional<Slot> second;
  open("a", second);
  EXPECT_FALSE(second) << "it waits";
  EXPECT_EQ(open("b").text, nullptr) << "another answer does not wait";
  first->keep("body", Milliseconds{1000});
  run();
  ASSERT_TRUE(second);
  EXPECT_EQ(*second->text, "body");
}

TEST_F(ResponseCacheTest, where_nothing_is_kept_each_makes_its_own) {
  std::optional<Slot> first = open("a");
  std::optional<Slot> second;
  std::optional<Slot> third;
  open("a", second);
  open("a", third);
  first.reset();
  run();
  ASSERT_TRUE(second && third) << "nobody waits for the one beside it";
  EXPECT_EQ(second->text, nullptr);
  EXPECT_EQ(third->text, nullptr);
  third->keep("body", Milliseconds{1000});
  EXPECT_EQ(*find("a"), "body");
}

TEST_F(ResponseCacheTest, who_asks_after_a_change_does_not_get_what_began_before) {
  Slot before = open("a");
  cache_.clear();
  Slot after = open("a");
  EXPECT_EQ(after.text, nullptr) << "and it did not wait";
  before.keep("old", Milliseconds{1000});
  after.keep("new", Milliseconds{1000});
  EXPECT_EQ(*find("a"), "new");
}

TEST_F(ResponseCacheTest, what_was_asked_for_least_lately_makes_room) {
  keep("home", 100);
  for (std::size_t i = 0; i < 2 * ResponseCache::k_max_entries; ++i) {
    keep("junk " + std::to_string(i), 100);
    ASSERT_NE(find("home"), nullptr) << i;
  }
  EXPECT_EQ(find("junk 0"), nullptr);
  for (int i = 0; i < 100; ++i) {
    keep("large " + std::to_string(i), ResponseCache::k_max_bytes / 20);
    ASSERT_NE(find("large " + std::to_string(i)), nullptr);
  }
  EXPECT_LE(metrics_.sum("shoal_response_cache_bytes"),
            static_cast<double>(ResponseCache::k_max_bytes));
}

}  // namespace
}  // namespace shoal::api
