#include "db/lease.h"

#include <gtest/gtest.h>

#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"

namespace shoal::db {
namespace {

class LeaseTest : public testing::TestWithParam<Engine> {
 protected:
  std::optional<Lease> acquire(const std::string& owner) {
    return *database->write_blocking([&](Session& session) -> Result<std::optional<Lease>> {
      return acquire_lease(session, "repair", owner, Seconds{10});
    });
  }
  bool holds(const Lease& lease) {
    return database
        ->write_blocking([&](Session& session) -> Result<> { return check_lease(session, lease); })
        .has_value();
  }

  std::shared_ptr<tests::ManualClock> clock = std::make_shared<tests::ManualClock>();
  tests::TestDatabase database{GetParam(), clock};
};
SHOAL_ON_BOTH_ENGINES(LeaseTest);

TEST_P(LeaseTest, an_owner_that_starts_again_takes_it_from_itself_at_once) {
  const auto take_over = [this](const std::string& owner) {
    return *database->write_blocking([&](Session& session) -> Result<std::optional<Lease>> {
      return take_over_lease(session, "repair", owner, Seconds{10});
    });
  };
  const auto renews = [this](const Lease& lease) {
    return database
        ->write_blocking([&](Session& session) { return renew_lease(session, lease, Seconds{10}); })
        .has_value();
  };
  const auto first = take_over("a");
  ASSERT_TRUE(first);
  EXPECT_FALSE(take_over("b"));
  const auto second = take_over("a");
  ASSERT_TRUE(second);
  EXPECT_FALSE(renews(*first)) << "the process before has lost it";
  EXPECT_TRUE(renews(*second));
  clock->advance(Seconds{9});
  EXPECT_TRUE(renews(*second));
  clock->advance(Seconds{9});
  EXPECT_FALSE(take_over("b")) << "it was renewed";
  clock->advance(Seconds{9});
  EXPECT_TRUE(renews(*second)) << "it expired, but nobody took it";
  clock->advance(Seconds{11});
  EXPECT_TRUE(take_over("b"));
  EXPECT_FALSE(renews(*second));
}

TEST_P(LeaseTest, one_holds_it_until_it_expires) {
  const auto first = acquire("a");
  ASSERT_TRUE(first);
  EXPECT_FALSE(acquire("b"));
  clock->advance(Seconds{11});
  EXPECT_FALSE(holds(*first));
  const auto second = acquire("b");
  ASSERT_TRUE(second);
  EXPECT_GT(second->fence, first->fence);
  EXPECT_FALSE(holds(*first));
  EXPECT_TRUE(holds(*second));
}

TEST_P(LeaseTest, its_holder_extends_it_with_the_same_fence) {
  const auto first = acquire("a");
  clock->advance(Seconds{8});
  const auto again = acquire("a");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->fence, first->fence);
  clock->advance(Seconds{8});
  EXPECT_TRUE(holds(*again));
  EXPECT_FALSE(acquire("b"));
}

TEST_P(LeaseTest, a_holder_that_was_away_comes_back_with_a_new_fence) {
  const auto first = acquire("a");
  clock->advance(Seconds{11});
  const auto again = acquire("a");
  ASSERT_TRUE(again);
  EXPECT_GT(again->fence, first->fence);
}

TEST_P(LeaseTest, given_back_it_is_free_at_once) {
  const auto first = acquire("a");
  ASSERT_TRUE(database->write_blocking([&](Session& session) -> Result<> {
    release_lease(session, *first);
    return {};
  }));
  const auto second = acquire("b");
  ASSERT_TRUE(second);
  EXPECT_GT(second->fence, first->fence);
  EXPECT_FALSE(holds(*first));
}

}  // namespace
}  // namespace shoal::db
