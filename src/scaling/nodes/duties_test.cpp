#include "scaling/nodes/duties.h"

#include <gtest/gtest.h>

#include "io/runtime.h"
#include "scaling/nodes/node_rows.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"

namespace shoal::scaling {
namespace {

TEST(DutyHold, ends_before_the_database_lets_another_have_it) {
  DutyHold hold(Seconds{6});
  const SteadyTime asked{Seconds{100}};
  EXPECT_FALSE(hold.is_held(asked));
  hold.granted({"duties", "a", 1, {}}, asked);
  EXPECT_TRUE(hold.is_held(asked + Milliseconds{5'999}));
  EXPECT_FALSE(hold.is_held(asked + Seconds{6}));
  EXPECT_TRUE(hold.lease()) << "it may still be renewed";
  hold.granted(*hold.lease(), asked + Seconds{60});
  EXPECT_TRUE(hold.is_held(asked + Seconds{61}));
  hold.lost();
  EXPECT_FALSE(hold.is_held(asked + Seconds{61}));
}

/// Three nodes with clocks of their own: only how fast those go counts, not what they say.
class DutiesTest : public testing::TestWithParam<db::Engine> {
 protected:
  void tend(Duties& duties) { runtime.run_until_done(duties.tend()); }
  bool may_write(const db::Fence& fence) {
    return database
        ->write_blocking([&](db::Session& session) -> Result<> { return fence(session); })
        .has_value();
  }
  void pass(Milliseconds time) {
    for (const auto& one : {clock, early, late}) one->advance(time);
  }

  std::shared_ptr<tests::ManualClock> clock = std::make_shared<tests::ManualClock>();
  std::shared_ptr<tests::ManualClock> early =
      std::make_shared<tests::ManualClock>(clock->now() - std::chrono::minutes{5});
  std::shared_ptr<tests::ManualClock> late =
      std::make_shared<tests::ManualClock>(clock->now() + std::chrono::minutes{5});
  // Before the database, whose threads end first: they may still be telling it of an answer.
  io::Runtime runtime{1};
  tests::TestDatabase database{GetParam(), clock};
  Metrics metrics;
  Duties first{*database, "a", *early, metrics, runtime.executor(0)};
  Duties second{*database, "b", *late, metrics, runtime.executor(0)};
};
SHOAL_ON_BOTH_ENGINES(DutiesTest);

TEST_P(DutiesTest, are_one_nodes_as_long_as_it_renews_them) {
  tend(first);
  tend(second);
  ASSERT_TRUE(first.turn());
  EXPECT_FALSE(second.turn());
  for (int i = 0; i < 10; ++i) {
    pass(k_beat_every);
    tend(second);
    tend(first);
  }
  ASSERT_TRUE(first.turn());
  EXPECT_FALSE(second.turn());
  EXPECT_TRUE(may_write(*first.turn()));
}

TEST_P(DutiesTest, pass_on_when_their_holder_is_silent_whatever_the_clocks_say) {
  tend(first);
  const auto fence = first.turn();
  ASSERT_TRUE(fence);
  pass(Milliseconds{5'999});
  tend(second);
  EXPECT_FALSE(second.turn());
  EXPECT_TRUE(may_write(*fence));
  pass(Milliseconds{2});
  EXPECT_FALSE(first.turn()) << "it stops by itself, without a look at the database";
  tend(second);
  ASSERT_TRUE(second.turn());
  EXPECT_TRUE(may_write(*second.turn()));
  EXPECT_FALSE(may_write(*fence)) << "a transaction of before";
  tend(first);
  EXPECT_FALSE(first.turn());
  pass(Milliseconds{100});
  tend(first);
  EXPECT_TRUE(second.turn());
  EXPECT_FALSE(first.turn());
}

TEST_P(DutiesTest, an_outage_of_all_ends_with_the_same_holder) {
  tend(first);
  pass(Seconds{60});
  EXPECT_FALSE(first.turn());
  tend(first);
  EXPECT_TRUE(first.turn());
}

TEST_P(DutiesTest, a_draining_or_stopping_holder_gives_them_back_at_once) {
  tend(first);
  first.set_wanted(false);
  tend(first);
  EXPECT_FALSE(first.turn());
  tend(second);
  ASSERT_TRUE(second.turn());
  first.set_wanted(true);
  tend(first);
  EXPECT_FALSE(first.turn());
  runtime.run_until_done(second.stop());
  tend(first);
  EXPECT_TRUE(first.turn());
}

TEST_P(DutiesTest, a_restart_fences_out_the_process_before) {
  tend(first);
  const auto before = first.turn();
  Duties again(*database, "a", *early, metrics, runtime.executor(0));
  tend(again);
  ASSERT_TRUE(again.turn());
  EXPECT_TRUE(may_write(*again.turn()));
  EXPECT_FALSE(may_write(*before));
}

TEST_P(DutiesTest, a_running_holder_that_stops_is_followed_without_waiting) {
  first.start();
  const auto wait_for_turn = [this](const Duties& duties) {
    const auto deadline = std::chrono::steady_clock::now() + Seconds{20};
    while (!duties.turn() && std::chrono::steady_clock::now() < deadline) {
      runtime.run_until_done([](db::Notifier& notifier) -> io::Task<> {
        co_await notifier.wait("none", notifier.count("none"), Milliseconds{5});
      }(database->notifier()));
    }
    return duties.turn().has_value();
  };
  ASSERT_TRUE(wait_for_turn(first));
  second.start();
  runtime.run_until_done(first.stop());
  // The clock stands still: the lease was given back, it did not expire.
  EXPECT_TRUE(wait_for_turn(second));
  runtime.run_until_done(second.stop());
}

}  // namespace
}  // namespace shoal::scaling
