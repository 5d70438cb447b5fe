#include "scaling/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace shoal::scaling {
namespace {

using ::testing::HasSubstr;

constexpr double k_infinity = std::numeric_limits<double>::infinity();
constexpr UtcTime k_now{Milliseconds{1'770'000'000'000}};
/// Nothing is provided for chance: exact numbers.
constexpr WorkerPolicy k_policy{
    .target_wait = Seconds(100), .caution = 0, .start_time = Seconds(100)};

std::vector<FleetNode> busy(int count) {
  return std::vector<FleetNode>(count, {.name = "n", .state = FleetState::busy, .since = k_now});
}

/// What comes in a time at a rate, in jobs of 40 s.
Arrivals arrivals(int time, double rate) {
  return {Seconds(time), time * rate, static_cast<std::uint64_t>(time * rate / 40)};
}

/// Work comes at this rate, as it did lately, and what waits is what may.
WorkerLoad steady(double rate) {
  return {.queued_seconds = 100 * rate,
          .latest = arrivals(15, rate),
          .before = arrivals(15, rate),
          .lately = arrivals(900, rate),
          .throughput = 1};
}

double nodes_for(const WorkerLoad& load, const std::vector<FleetNode>& nodes,
                 const WorkerPolicy& policy = k_policy) {
  const Need need = needed_workers(load, nodes, k_now, policy);
  EXPECT_TRUE(need.nodes);
  EXPECT_TRUE(std::isfinite(need.nodes.value_or(NAN)));
  return need.nodes.value_or(0);
}

std::string reasons(const Need& need) {
  std::string text;
  for (const auto& reason : need.reasons) text += reason + '\n';
  return text;
}

TEST(Workers, that_keep_up_with_jobs_that_wait_as_long_as_they_may_are_enough) {
  EXPECT_NEAR(nodes_for(steady(40), busy(40)), 40, 0.01);
}

TEST(Workers, what_others_do_needs_no_node) {
  WorkerLoad load = steady(40);
  load.helped = 10;
  EXPECT_NEAR(nodes_for(load, busy(30)), 30, 0.01);
  EXPECT_THAT(reasons(needed_workers(load, busy(30), k_now, k_policy)),
              HasSubstr("others do 10.0 s of work a second"));
  load.helped = 100;
  EXPECT_EQ(nodes_for(load, {}), 0);
}

TEST(Workers, a_longer_queue_wants_more_and_a_shorter_fewer) {
  WorkerLoad load = steady(40);
  load.queued_seconds = 4500;
  EXPECT_NEAR(nodes_for(load, busy(40)), 45, 0.01);
  load.queued_seconds = 3000;
  EXPECT_NEAR(nodes_for(load, busy(40)), 30, 0.01);
}

TEST(Workers, that_are_twice_as_fast_are_half_as_many) {
  WorkerLoad load = steady(40);
  load.throughput = 2;
  EXPECT_NEAR(nodes_for(load, busy(20)), 20, 0.01);
}

TEST(Workers, chance_is_provided_for) {
  // 4,000 s of work come until a node can start and 4,000 s more within the target wait, in jobs of
  // 40 s: give or take 800 s.
  WorkerPolicy policy = k_policy;
  policy.caution = 3;
  EXPECT_NEAR(nodes_for(steady(40), busy(40), policy), 40 + 3 * 8, 0.01);
}

TEST(Workers, that_start_are_counted_for_the_time_that_they_will_have) {
  WorkerLoad load = steady(40);
  load.queued_seconds = 8000;
  const double without = nodes_for(load, busy(40));
  auto nodes = busy(40);
  nodes.push_back({"new", FleetState::starting, k_now, {}});
  EXPECT_NEAR(nodes_for(load, nodes), without, 0.01);
  nodes.back().since = k_now - Seconds(60);
  EXPECT_NEAR(nodes_for(load, nodes), without - 0.6, 0.01);
  nodes.back().since = k_now - Seconds(5000);
  EXPECT_NEAR(nodes_for(load, nodes), without - 1, 0.01);
  // The clock went back since it was asked for.
  nodes.back().since = k_now + Seconds(5000);
  EXPECT_NEAR(nodes_for(load, nodes), without, 0.01);
  nodes.back().state = FleetState::draining;
  EXPECT_NEAR(nodes_for(load, nodes), without, 0.01);
}

TEST(Workers, no_load_and_no_nodes_need_none) {
  EXPECT_EQ(nodes_for({}, {}, {}), 0);
  EXPECT_EQ(nodes_for(steady(0), busy(3), {}), 0);
}

TEST(Workers, without_a_throughput_jobs_are_taken_to_last_as_estimated) {
  WorkerLoad load = steady(40);
  for (const double throughput : {0.0, -1.0, std::nan(""), k_infinity}) {
    load.throughput = throughput;
    const Need need = needed_workers(load, busy(40), k_now, k_policy);
    EXPECT_NEAR(*need.nodes, 40, 0.01);
    EXPECT_THAT(reasons(need), HasSubstr("no throughput is measured yet"));
  }
  // One that cannot be counts as a tenth: a thousandth would ask for a thousand times the nodes.
  load.throughput = 0.001;
  EXPECT_NEAR(nodes_for(load, busy(40)), 10 * (40 + 40 - 4), 0.01);
}

TEST(Workers, the_forecast_is_believed_while_what_comes_agrees_with_it) {
  WorkerLoad load = steady(40);
  load.expected = 50;
  const Need need = needed_workers(load, busy(40), k_now, k_policy);
  EXPECT_THAT(reasons(need), HasSubstr("50.0 s of work a second are expected, by the time of day"));
  EXPECT_NEAR(*need.nodes, 50, 0.01);
}

TEST(Workers, a_crowd_is_believed_over_the_forecast_and_seen_to_grow) {
  WorkerLoad load = steady(40);
  load.expected = 40;
  load.before = arrivals(15, 120);
  load.latest = arrivals(15, 200);
  const Need need = needed_workers(load, busy(40), k_now, k_policy);
  EXPECT_THAT(reasons(need), HasSubstr("200.0 s of work a second came in the last 15 s"));
  EXPECT_NEAR(*need.nodes, 280, 0.01);
  load.before = arrivals(15, 240);
  EXPECT_NEAR(nodes_for(load, busy(40)), 220, 0.01);
}

TEST(Workers, what_chance_explains_is_no_crowd) {
  WorkerLoad load = steady(10);
  load.expected = 10;
  const double usual = nodes_for(load, busy(10));
  // Seven or eight jobs are expected in 30 s, give or take three.
  load.latest = {Seconds(15), 360, 9};
  load.before = {Seconds(15), 320, 8};
  EXPECT_NEAR(nodes_for(load, busy(10)), usual, 0.01);
  load.latest = {Seconds(15), 480, 12};
  load.before = {Seconds(15), 400, 10};
  EXPECT_GT(nodes_for(load, busy(10)), 2 * usual);
}

TEST(Workers, a_single_job_on_an_idle_instance_is_no_crowd) {
  WorkerLoad load{.queued_seconds = 40,
                  .latest = {Seconds(15), 40, 1},
                  .before = {Seconds(15), 0, 0},
                  .lately = {Seconds(900), 40, 1},
                  .throughput = 1};
  EXPECT_NEAR(nodes_for(load, {}), 0.44, 0.01);
}

TEST(Workers, a_load_that_is_no_number_is_not_known) {
  for (const double bad : {std::nan(""), k_infinity, -1.0}) {
    for (double* (*member)(WorkerLoad&) :
         {+[](WorkerLoad& load) { return &load.queued_seconds; },
          +[](WorkerLoad& load) { return &load.latest.work_seconds; },
          +[](WorkerLoad& load) { return &load.before.work_seconds; },
          +[](WorkerLoad& load) { return &load.lately.work_seconds; }}) {
      WorkerLoad load = steady(40);
      *member(load) = bad;
      EXPECT_FALSE(needed_workers(load, busy(40), k_now, k_policy).nodes);
    }
  }
}

TEST(Workers, a_forecast_or_a_caution_that_is_no_number_counts_as_not_given) {
  WorkerLoad load = steady(40);
  for (const double bad : {std::nan(""), k_infinity, -1.0}) {
    load.expected = bad;
    WorkerPolicy policy = k_policy;
    policy.caution = bad;
    EXPECT_NEAR(nodes_for(load, busy(40), policy), 40, 0.01);
  }
}

TEST(Workers, arrivals_in_no_time_are_no_rate) {
  WorkerLoad load = steady(40);
  load.queued_seconds = 0;
  for (Arrivals* arrived : {&load.latest, &load.before, &load.lately}) arrived->time = Seconds(0);
  EXPECT_EQ(nodes_for(load, busy(40)), 0);
  load.lately.time = Seconds(-5);
  EXPECT_EQ(nodes_for(load, busy(40)), 0);
}

TEST(Workers, a_policy_of_nothing_divides_by_nothing) {
  const WorkerPolicy policy{.target_wait = Seconds(0), .caution = 0, .start_time = Seconds(-10)};
  WorkerLoad load = steady(40);
  load.queued_seconds = 90;
  EXPECT_NEAR(nodes_for(load, busy(40), policy), 90, 0.01);
}

constexpr DeliveryPolicy k_delivery{
    .requests_per_second = 1000, .egress = {1'000'000'000}, .utilisation = 0.5};

TEST(DeliveryNodes, follow_what_is_scarcer) {
  EXPECT_DOUBLE_EQ(
      *needed_delivery({.requests_per_second = 3000, .egress = {500'000'000}}, k_delivery).nodes,
      6);
  EXPECT_DOUBLE_EQ(
      *needed_delivery({.requests_per_second = 300, .egress = {5'000'000'000}}, k_delivery).nodes,
      10);
  EXPECT_EQ(*needed_delivery({}, k_delivery).nodes, 0);
}

TEST(DeliveryNodes, are_there_before_what_is_expected) {
  const DeliveryLoad load{.requests_per_second = 3000, .expected = 4};
  const Need need = needed_delivery(load, k_delivery);
  EXPECT_DOUBLE_EQ(*need.nodes, 8);
  EXPECT_THAT(reasons(need), HasSubstr("4.00 are expected"));
  // And not taken away because less is expected than there is.
  EXPECT_DOUBLE_EQ(*needed_delivery({.requests_per_second = 3000, .expected = 1}, k_delivery).nodes,
                   6);
}

TEST(DeliveryNodes, a_capacity_that_is_not_set_bounds_nothing) {
  DeliveryPolicy policy = k_delivery;
  policy.requests_per_second = 0;
  const DeliveryLoad load{.requests_per_second = 1e9, .egress = {2'000'000'000}};
  EXPECT_DOUBLE_EQ(*needed_delivery(load, policy).nodes, 4);
  policy.egress = {};
  const Need unknown = needed_delivery(load, policy);
  EXPECT_FALSE(unknown.nodes);
  EXPECT_THAT(reasons(unknown), HasSubstr("no capacity of a delivery node is set"));
  EXPECT_FALSE(delivery_capacities(load, policy));
}

TEST(DeliveryNodes, a_load_that_is_no_number_is_not_known) {
  for (const double bad : {std::nan(""), k_infinity, -3.0}) {
    EXPECT_FALSE(needed_delivery({.requests_per_second = bad}, k_delivery).nodes);
    const DeliveryLoad load{.requests_per_second = 3000, .expected = bad};
    EXPECT_DOUBLE_EQ(*needed_delivery(load, k_delivery).nodes, 6);
  }
}

TEST(DeliveryNodes, a_utilisation_that_cannot_be_counts_as_all) {
  DeliveryPolicy policy = k_delivery;
  for (const double bad : {std::nan(""), 0.0, -1.0, 4.0}) {
    policy.utilisation = bad;
    EXPECT_DOUBLE_EQ(*needed_delivery({.requests_per_second = 3000}, policy).nodes, 3);
  }
}

}  // namespace
}  // namespace shoal::scaling
