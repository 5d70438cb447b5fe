#include "scaling/nodes/drain.h"

#include <gtest/gtest.h>

namespace shoal::scaling {
namespace {

constexpr SteadyTime k_start{std::chrono::hours{1}};

TEST(Drain, a_node_that_is_up_works_on) {
  Drain drain(Seconds{60});
  const auto step = drain.step(NodeState::up, k_start, 0);
  EXPECT_TRUE(step.takes_work);
  EXPECT_FALSE(step.ends);
}

TEST(Drain, an_idle_node_ends_when_load_balancers_had_time_to_notice) {
  Drain drain(Seconds{60});
  const auto first = drain.step(NodeState::draining, k_start, 0);
  EXPECT_FALSE(first.takes_work);
  EXPECT_FALSE(first.ends);
  EXPECT_FALSE(drain.step(NodeState::draining, k_start + Milliseconds{9'999}, 0).ends);
  EXPECT_TRUE(drain.step(NodeState::draining, k_start + Drain::k_notice, 0).ends);
}

TEST(Drain, a_busy_node_ends_with_its_last_job_or_at_the_limit) {
  Drain drain(Seconds{60});
  drain.step(NodeState::draining, k_start, 2);
  EXPECT_FALSE(drain.step(NodeState::draining, k_start + Seconds{59}, 1).ends);
  EXPECT_TRUE(drain.step(NodeState::draining, k_start + Seconds{59}, 0).ends);
  EXPECT_TRUE(drain.step(NodeState::draining, k_start + Seconds{60}, 1).ends);
}

TEST(Drain, without_time_for_jobs_there_still_is_the_notice) {
  Drain drain(Seconds{0});
  EXPECT_FALSE(drain.step(NodeState::draining, k_start, 5).ends);
  EXPECT_TRUE(drain.step(NodeState::draining, k_start + Drain::k_notice, 5).ends);
}

TEST(Drain, called_off_it_begins_anew) {
  Drain drain(Seconds{60});
  drain.step(NodeState::draining, k_start, 0);
  EXPECT_TRUE(drain.step(NodeState::up, k_start + Seconds{9}, 0).takes_work);
  EXPECT_FALSE(drain.step(NodeState::draining, k_start + Seconds{11}, 0).ends);
  EXPECT_TRUE(drain.step(NodeState::draining, k_start + Seconds{21}, 0).ends);
}

}  // namespace
}  // namespace shoal::scaling
