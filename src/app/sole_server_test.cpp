#include "app/sole_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/runtime.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"

namespace shoal::app {
namespace {

class SoleServerTest : public testing::TestWithParam<db::Engine> {
 protected:
  Result<std::unique_ptr<SoleServer>> claim(const std::string& store) {
    return SoleServer::claim(*database, store, runtime.executor(0));
  }
  void stop(SoleServer& server) {
    runtime.run_until_done([](SoleServer& one) -> io::Task<> { co_await one.stop(); }(server));
  }
  std::shared_ptr<tests::ManualClock> clock = std::make_shared<tests::ManualClock>();
  tests::TestDatabase database{GetParam(), clock};
  io::Runtime runtime{1};
};
SHOAL_ON_BOTH_ENGINES(SoleServerTest);

TEST_P(SoleServerTest, a_second_server_says_who_has_the_database_and_may_start_after_a_crash) {
  const auto first = claim("store-a");
  ASSERT_TRUE(first) << first.error().message;
  const auto second = claim("store-b");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_THAT(second.error().message, testing::HasSubstr("store-a"));
  EXPECT_THAT(second.error().message, testing::HasSubstr("in 30 s"));
  clock->advance(Seconds{20});
  ASSERT_TRUE((*first)->renew());
  clock->advance(Seconds{20});
  EXPECT_FALSE(claim("store-b")) << "the first one lives";
  clock->advance(Seconds{11});
  EXPECT_TRUE(claim("store-b"));
  EXPECT_EQ((*first)->renew().error().code, ErrorCode::conflict);
}

TEST_P(SoleServerTest, a_restart_after_a_kill_does_not_wait) {
  const auto killed = claim("store-a");
  ASSERT_TRUE(killed);
  const auto again = claim("store-a");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE((*again)->renew());
  EXPECT_EQ((*killed)->renew().error().code, ErrorCode::conflict) << "a copy of the same folder";
}

TEST_P(SoleServerTest, a_server_that_stops_gives_the_database_back) {
  const auto first = claim("store-a");
  ASSERT_TRUE(first);
  stop(**first);
  EXPECT_TRUE(claim("store-b"));
}

}  // namespace
}  // namespace shoal::app
