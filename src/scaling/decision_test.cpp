#include "scaling/decision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"

namespace shoal::scaling {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr UtcTime k_now{Milliseconds{1'770'000'000'000}};

std::vector<FleetNode> fleet_of(int count, FleetState state = FleetState::busy) {
  std::vector<FleetNode> nodes(count, {.name = "n", .state = state, .since = k_now});
  for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i].name += std::to_string(i);
  return nodes;
}

/// Without windows, bounds that are far away and no tolerance: what a need comes to.
FleetPolicy plain() {
  return {.minimum = 0, .maximum = 100, .tolerance = 0, .down_window = Seconds(0)};
}

Decision decide_for(double need, const std::vector<FleetNode>& nodes, const FleetPolicy& policy,
                    const std::vector<Recommendation>& recent = {}, UtcTime now = k_now) {
  return decide({now, nodes, recent}, {.nodes = need, .reasons = {}}, policy);
}

std::string all(const std::vector<std::string>& reasons) {
  std::string text;
  for (const auto& reason : reasons) text += reason + '\n';
  return text;
}

TEST(Decision, a_fraction_of_a_node_is_a_node) {
  EXPECT_EQ(decide_for(3.2, fleet_of(3), plain()).start, 1U);
  EXPECT_EQ(decide_for(4, fleet_of(3), plain()).start, 1U);
  EXPECT_EQ(decide_for(0.1 + 0.2, {}, {.minimum = 0, .maximum = 9, .tolerance = 0}).wanted, 1U);
  EXPECT_EQ(decide_for(3 + 1e-9, fleet_of(3), plain()).start, 0U);
}

TEST(Decision, within_the_tolerance_nothing_changes) {
  FleetPolicy policy = plain();
  policy.tolerance = 0.1;
  EXPECT_EQ(decide_for(54.9, fleet_of(50), policy).wanted, 50U);
  EXPECT_EQ(decide_for(45.1, fleet_of(50), policy).wanted, 50U);
  EXPECT_EQ(decide_for(56, fleet_of(50), policy).wanted, 56U);
  EXPECT_EQ(decide_for(44, fleet_of(50), policy).wanted, 44U);
  EXPECT_THAT(all(decide_for(54, fleet_of(50), policy).reasons), HasSubstr("within 10 %"));
}

TEST(Decision, the_first_node_needs_no_tolerance) {
  FleetPolicy policy = plain();
  policy.tolerance = 0.5;
  EXPECT_EQ(decide_for(0.01, {}, policy).start, 1U);
  EXPECT_EQ(decide_for(0, {}, policy).start, 0U);
}

TEST(Decision, maximum_and_minimum_hold_and_are_named) {
  FleetPolicy policy = plain();
  policy.minimum = 2;
  policy.maximum = 10;
  const Decision most = decide_for(14, fleet_of(8), policy);
  EXPECT_EQ(most.start, 2U);
  EXPECT_THAT(all(most.reasons), HasSubstr("14.0 nodes are needed, and the maximum allows 10"));
  const Decision least = decide_for(0, fleet_of(8), policy);
  EXPECT_EQ(least.wanted, 2U);
  EXPECT_THAT(all(least.reasons), HasSubstr("the minimum is 2"));
}

TEST(Decision, bounds_wait_for_no_window_and_no_tolerance) {
  FleetPolicy policy{.minimum = 5,
                     .maximum = 10,
                     .tolerance = 0.5,
                     .up_window = Seconds(600),
                     .down_window = Seconds(600)};
  EXPECT_EQ(decide_for(5, fleet_of(4), policy).start, 1U);
  EXPECT_EQ(decide_for(10, fleet_of(12), policy).drain.size(), 2U);
}

TEST(Decision, a_minimum_over_the_maximum_gives_way) {
  FleetPolicy policy = plain();
  policy.minimum = 20;
  policy.maximum = 3;
  EXPECT_EQ(decide_for(1, {}, policy).wanted, 3U);
}

TEST(Decision, the_budget_is_a_maximum_too) {
  FleetPolicy policy = plain();
  policy.cost_per_hour = 0.25;
  policy.budget_per_hour = 1.5;
  const Decision decision = decide_for(50, fleet_of(1), policy);
  EXPECT_EQ(decision.wanted, 6U);
  EXPECT_DOUBLE_EQ(decision.cost_per_hour, 1.5);
  EXPECT_THAT(all(decision.reasons), HasSubstr("the budget allows 6"));
}

TEST(Decision, the_reserve_comes_on_top) {
  FleetPolicy policy = plain();
  policy.reserve_share = 0.2;
  policy.reserve_nodes = 1;
  const Decision decision = decide_for(10, fleet_of(10), policy);
  EXPECT_EQ(decision.wanted, 13U);
  EXPECT_THAT(all(decision.reasons), HasSubstr("3.0 nodes more are the burst reserve"));
}

TEST(Decision, without_a_known_load_the_fleet_stays_but_for_its_bounds) {
  FleetPolicy policy = plain();
  const auto nodes = fleet_of(7);
  const Decision stays = decide({k_now, nodes, {}}, Need{}, policy);
  EXPECT_EQ(stays.wanted, 7U);
  EXPECT_THAT(all(stays.reasons), HasSubstr("not known"));
  policy.minimum = 9;
  EXPECT_EQ(decide({k_now, nodes, {}}, Need{}, policy).start, 2U);
}

TEST(Decision, a_need_that_is_no_number_changes_nothing) {
  for (const double need : {std::nan(""), -5.0, std::numeric_limits<double>::infinity()}) {
    const Decision decision = decide_for(need, fleet_of(3), plain());
    EXPECT_EQ(decision.wanted, 3U);
    EXPECT_THAT(all(decision.reasons), HasSubstr("not known"));
  }
  EXPECT_EQ(decide_for(1e300, fleet_of(3), plain()).wanted, 100U);
  FleetPolicy policy = plain();
  policy.tolerance = std::nan("");
  policy.reserve_share = -std::numeric_limits<double>::infinity();
  policy.cost_per_hour = std::nan("");
  const Decision decision = decide_for(4, fleet_of(3), policy);
  EXPECT_EQ(decision.wanted, 4U);
  EXPECT_EQ(decision.cost_per_hour, 0);
}

/// Decides every 15 s for these needs, each done at once, and gives the size after each.
std::vector<std::uint32_t> follow(const std::vector<double>& needs, std::uint32_t nodes,
                                  const FleetPolicy& policy) {
  std::vector<std::uint32_t> sizes;
  std::vector<Recommendation> recent;
  UtcTime now = k_now;
  for (const double need : needs) {
    const auto decision = decide_for(need, fleet_of(static_cast<int>(nodes)), policy, recent, now);
    nodes = decision.wanted;
    recent = decision.recent;
    sizes.push_back(nodes);
    now += Seconds(15);
  }
  return sizes;
}

TEST(Decision, shrinks_to_the_most_that_was_wanted_within_the_window) {
  FleetPolicy policy = plain();
  policy.down_window = Seconds(60);
  EXPECT_THAT(follow({10, 8, 6, 4, 4, 4, 4, 4, 4}, 10, policy),
              ElementsAre(10, 10, 10, 10, 10, 8, 6, 4, 4));
}

TEST(Decision, grows_to_the_least_that_was_wanted_within_the_window) {
  FleetPolicy policy = plain();
  policy.up_window = Seconds(30);
  EXPECT_THAT(follow({5, 9, 7, 8, 8, 5, 9}, 5, policy), ElementsAre(5, 5, 5, 7, 7, 5, 5));
}

TEST(Decision, the_two_windows_are_apart) {
  FleetPolicy policy = plain();
  policy.down_window = Seconds(600);
  EXPECT_THAT(follow({5, 9, 2, 12, 2}, 5, policy), ElementsAre(5, 9, 9, 12, 12));
}

TEST(Decision, after_a_start_nothing_shrinks_before_a_window_is_over) {
  FleetPolicy policy = plain();
  policy.down_window = Seconds(60);
  EXPECT_THAT(follow({1, 1, 1, 1, 1, 1}, 10, policy), ElementsAre(10, 10, 10, 10, 1, 1));
}

TEST(Decision, after_a_pause_a_single_look_shrinks_nothing) {
  FleetPolicy policy = plain();
  policy.down_window = Seconds(60);
  const std::vector<Recommendation> recent{{k_now - std::chrono::hours(1), 10}};
  const Decision first = decide_for(3, fleet_of(10), policy, recent);
  EXPECT_EQ(first.wanted, 10U);
  const auto second = decide_for(3, fleet_of(10), policy, first.recent, k_now + Seconds(59));
  EXPECT_EQ(second.wanted, 10U);
  const auto third = decide_for(3, fleet_of(10), policy, second.recent, k_now + Seconds(60));
  EXPECT_EQ(third.wanted, 3U);
}

TEST(Decision, a_clock_that_went_back_only_makes_shrinking_wait_again) {
  FleetPolicy policy = plain();
  policy.down_window = Seconds(60);
  std::vector<Recommendation> recent(8, {k_now, 3});
  for (int i = 0; i < 8; ++i) recent[i].at += Seconds(15 * i);
  const UtcTime back = k_now - std::chrono::hours(1);
  const Decision first = decide_for(3, fleet_of(10), policy, recent, back);
  EXPECT_EQ(first.wanted, 10U);
  ASSERT_EQ(first.recent.size(), 1U);
  EXPECT_EQ(first.recent.front().at, back);
  EXPECT_EQ(decide_for(12, fleet_of(10), policy, recent, back).start, 2U);
  const Decision later = decide_for(3, fleet_of(10), policy, first.recent, back + Seconds(60));
  EXPECT_EQ(later.wanted, 3U);
}

TEST(Decision, what_is_remembered_is_bounded) {
  FleetPolicy policy = plain();
  policy.down_window = Seconds(60);
  std::vector<Recommendation> recent;
  for (int i = 0; i < 100; ++i) {
    recent = decide_for(5, fleet_of(5), policy, recent, k_now + Seconds(15 * i)).recent;
    ASSERT_LE(recent.size(), 6U);
  }
  recent.clear();
  for (int i = 0; i < 10'000; ++i) recent.push_back({k_now - Milliseconds(10'000 - i), 5});
  EXPECT_LE(decide_for(5, fleet_of(5), policy, recent).recent.size(), 4096U);
}

TEST(Decision, those_without_work_go_first_and_of_the_busy_those_soonest_done) {
  const std::vector<FleetNode> nodes{
      {"long", FleetState::busy, k_now, Seconds(300)},
      {"short", FleetState::busy, k_now, Seconds(5)},
      {"idle", FleetState::idle, k_now, {}},
      {"starts", FleetState::starting, k_now - Seconds(50), {}},
      {"started last", FleetState::starting, k_now - Seconds(10), {}},
      {"goes", FleetState::draining, k_now, Seconds(1)},
  };
  EXPECT_THAT(decide_for(1, nodes, plain()).drain,
              ElementsAre("started last", "starts", "idle", "short"));
  EXPECT_THAT(decide_for(2, nodes, plain()).drain, ElementsAre("started last", "starts", "idle"));
  EXPECT_THAT(decide_for(5, nodes, plain()).drain, IsEmpty());
}

TEST(Decision, draining_nodes_are_taken_back_before_new_ones_start) {
  std::vector<FleetNode> nodes = fleet_of(2);
  nodes.push_back({"nearly done", FleetState::draining, k_now, Seconds(1)});
  nodes.push_back({"busy for long", FleetState::draining, k_now, Seconds(90)});
  const Decision one = decide_for(3, nodes, plain());
  EXPECT_THAT(one.resume, ElementsAre("busy for long"));
  EXPECT_EQ(one.start, 0U);
  const Decision three = decide_for(5, nodes, plain());
  EXPECT_THAT(three.resume, ElementsAre("busy for long", "nearly done"));
  EXPECT_EQ(three.start, 1U);
}

TEST(Decision, costs_count_what_still_drains) {
  FleetPolicy policy = plain();
  policy.cost_per_hour = 0.1;
  EXPECT_NEAR(decide_for(1, fleet_of(4), policy).cost_per_hour, 0.4, 1e-9);
  EXPECT_NEAR(decide_for(6, fleet_of(4), policy).cost_per_hour, 0.6, 1e-9);
}

TEST(Decision, always_says_what_is_done) {
  EXPECT_THAT(decide_for(6, fleet_of(4), plain()).reasons.back(),
              "4 nodes take work and 6 shall: 2 start, 0 resume, 0 drain");
}

TEST(Decision, whatever_comes_in_the_orders_add_up) {
  SeededRandom random(1);
  for (int round = 0; round < 5000; ++round) {
    std::vector<FleetNode> nodes = fleet_of(static_cast<int>(random.below(30)));
    std::uint32_t active = 0;
    for (FleetNode& node : nodes) {
      node.state = static_cast<FleetState>(random.below(4));
      node.work_left = Seconds(random.below(100));
      if (node.state != FleetState::draining) ++active;
    }
    FleetPolicy policy{.minimum = static_cast<std::uint32_t>(random.below(5)),
                       .maximum = static_cast<std::uint32_t>(5 + random.below(30)),
                       .up_window = Seconds(random.below(60)),
                       .down_window = Seconds(random.below(300))};
    std::vector<Recommendation> recent(20, {k_now, 0});
    for (int i = 0; i < 20; ++i) {
      recent[i].at -= Seconds(300 - 15 * i);
      recent[i].nodes = static_cast<std::uint32_t>(random.below(40));
    }
    const double need = static_cast<double>(random.below(500)) / 10;
    const Decision decision = decide_for(need, nodes, policy, recent);
    ASSERT_EQ(active + decision.start + decision.resume.size() - decision.drain.size(),
              decision.wanted);
    ASSERT_GE(decision.wanted, policy.minimum);
    ASSERT_LE(decision.wanted, policy.maximum);
    ASSERT_TRUE(decision.drain.empty() || decision.start + decision.resume.size() == 0);
    ASSERT_LE(nodes.size() + decision.start, std::max<std::size_t>(nodes.size(), policy.maximum));
  }
}

}  // namespace
}  // namespace shoal::scaling
