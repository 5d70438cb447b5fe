#include "simulation/kernel.h"

#include <gtest/gtest.h>

#include <vector>

namespace shoal::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Kernel, time_is_that_of_the_event_and_ends_where_it_was_told_to) {
  Kernel kernel(1);
  std::vector<Microseconds> seen;
  kernel.after(seconds(3), [&] { seen.push_back(kernel.now()); });
  kernel.after(seconds(1), [&] {
    seen.push_back(kernel.now());
    kernel.after(seconds(1), [&] { seen.push_back(kernel.now()); });
  });
  kernel.run_until(seconds(2));
  EXPECT_EQ(seen, (std::vector<Microseconds>{seconds(1), seconds(2)}));
  EXPECT_EQ(kernel.now(), seconds(2));
  EXPECT_EQ(kernel.waiting(), 1U);
  kernel.run_until(seconds(10));
  EXPECT_EQ(seen.back(), seconds(3));
  EXPECT_EQ(kernel.now(), seconds(10));
}

TEST(Kernel, a_program_starts_with_its_node_and_after_each_restart) {
  Kernel kernel(1);
  int starts = 0;
  const NodeId node = kernel.add_node("a", [&] { ++starts; });
  EXPECT_EQ(starts, 0);
  kernel.run_until(seconds(1));
  EXPECT_EQ(starts, 1);
  kernel.crash(node);
  kernel.crash(node);
  EXPECT_FALSE(kernel.is_up(node));
  kernel.restart(node);
  kernel.restart(node);
  EXPECT_EQ(starts, 2);
  EXPECT_EQ(kernel.name(node), "a");
}

TEST(Kernel, timers_do_not_survive_a_crash) {
  Kernel kernel(1);
  const NodeId node = kernel.add_node("a");
  int fired = 0;
  kernel.after(node, seconds(5), [&] { ++fired; });
  kernel.after(seconds(1), [&] { kernel.crash(node); });
  kernel.after(seconds(2), [&] { kernel.after(node, seconds(1), [&] { ++fired; }); });
  kernel.after(seconds(3), [&] { kernel.restart(node); });
  kernel.after(seconds(4), [&] { kernel.after(node, seconds(2), [&] { fired += 10; }); });
  kernel.run_until(seconds(9));
  EXPECT_EQ(fired, 10);
  EXPECT_EQ(kernel.counts().outlived, 1U);
}

TEST(Kernel, a_message_takes_the_latency_of_its_link_and_its_direction) {
  Kernel kernel(1);
  const NodeId a = kernel.add_node("a");
  const NodeId b = kernel.add_node("b");
  kernel.set_default_link({.latency = milliseconds(2)});
  kernel.set_link(a, b, {.latency = milliseconds(30), .jitter = milliseconds(5)});
  Microseconds there{0};
  Microseconds back{0};
  kernel.send(a, b, [&] {
    there = kernel.now();
    kernel.send(b, a, [&] { back = kernel.now() - there; });
  });
  kernel.run_until(seconds(1));
  EXPECT_GE(there, milliseconds(30));
  EXPECT_LE(there, milliseconds(35));
  EXPECT_EQ(back, milliseconds(2));
}

TEST(Kernel, a_link_loses_the_share_it_says) {
  Kernel kernel(5);
  const NodeId a = kernel.add_node("a");
  const NodeId b = kernel.add_node("b");
  kernel.set_link(a, b, {.loss = 0.25});
  int arrived = 0;
  for (int i = 0; i < 10'000; ++i) kernel.send(a, b, [&] { ++arrived; });
  kernel.run_until(seconds(1));
  EXPECT_NEAR(arrived, 7500, 200);
  EXPECT_EQ(kernel.counts().lost, 10'000U - static_cast<unsigned>(arrived));
}

TEST(Kernel, a_partition_loses_what_is_sent_or_arrives_across_it_only) {
  Kernel kernel(1);
  std::vector<NodeId> nodes;
  for (const char* name : {"a", "b", "c"}) nodes.push_back(kernel.add_node(name));
  kernel.set_default_link({.latency = seconds(2)});
  std::string arrived;
  const auto send = [&](int from, int to, char what) {
    kernel.send(nodes[from], nodes[to], [&arrived, what] { arrived += what; });
  };
  send(0, 1, 'x');  // is on its way when the cut comes
  kernel.after(seconds(1), [&] {
    kernel.isolate(std::vector{nodes[0]});
    EXPECT_TRUE(kernel.is_cut_off(nodes[1], nodes[0]));
    EXPECT_FALSE(kernel.is_cut_off(nodes[1], nodes[2]));
    send(0, 1, 'x');  // would arrive after it
    send(1, 2, 'b');
  });
  kernel.after(milliseconds(2500), [&] { kernel.heal(); });
  kernel.after(seconds(3), [&] { send(0, 1, 'a'); });
  kernel.run_until(seconds(9));
  EXPECT_EQ(arrived, "ba");
  EXPECT_EQ(kernel.counts().lost, 2U);
}

TEST(Kernel, a_message_to_a_process_that_crashed_does_not_reach_the_next_one) {
  Kernel kernel(1);
  const NodeId a = kernel.add_node("a");
  const NodeId b = kernel.add_node("b");
  kernel.set_default_link({.latency = seconds(2)});
  int arrived = 0;
  kernel.send(a, b, [&] { ++arrived; });
  kernel.after(seconds(1), [&] {
    kernel.crash(b);
    kernel.send(a, b, [&] { ++arrived; });
    kernel.restart(b);
    kernel.crash(a);  // what it has sent goes on, and it sends no more
    kernel.send(a, b, [&] { ++arrived; });
    kernel.restart(a);
    kernel.send(a, b, [&] { arrived += 10; });
  });
  kernel.run_until(seconds(9));
  EXPECT_EQ(arrived, 10);
}

TEST(Kernel, a_skewed_clock_is_off_in_wall_time_and_drifts_in_both) {
  Kernel kernel(1);
  const NodeId node = kernel.add_node("a", {}, {.offset = milliseconds(-700), .drift = 0.01});
  kernel.run_until(seconds(100));
  EXPECT_EQ(kernel.clock(node).now() - kernel.clock().now(), milliseconds(1000 - 700));
  EXPECT_EQ(kernel.clock(node).steady_now() - kernel.clock().steady_now(), seconds(1));
}

TEST(Kernel, steady_time_never_goes_back_whatever_happens_to_a_clock) {
  Kernel kernel(9);
  const NodeId node = kernel.add_node("a");
  SteadyTime before = kernel.clock(node).steady_now();
  for (int i = 0; i < 1000; ++i) {
    kernel.set_skew(node,
                    {.offset = milliseconds(-1000 * i), .drift = uniform(kernel.random()) - 0.5});
    kernel.run_until(kernel.now() + milliseconds(10));
    EXPECT_GT(kernel.clock(node).steady_now(), before);
    before = kernel.clock(node).steady_now();
  }
}

TEST(Kernel, a_node_waits_by_its_own_clock) {
  Kernel kernel(1);
  const NodeId fast = kernel.add_node("fast", {}, {.drift = 0.25});
  Microseconds fired{0};
  kernel.after(fast, seconds(10), [&] { fired = kernel.now(); });
  kernel.run_until(seconds(20));
  EXPECT_EQ(fired, seconds(8));
}

/// Nodes that gossip: each passes a number on to a random other, and remembers what it got.
struct Gossip {
  explicit Gossip(std::uint64_t seed, int count) : kernel(seed) {
    kernel.set_default_link({.latency = milliseconds(1), .jitter = milliseconds(9), .loss = 0.02});
    for (int i = 0; i < count; ++i) {
      nodes.push_back(kernel.add_node(std::to_string(i), [this, i] { tick(i); }));
    }
    got.resize(nodes.size());
  }
  void tick(std::size_t from) {
    const std::size_t to = kernel.random().below(nodes.size());
    kernel.send(nodes[from], nodes[to], [this, from, to] { got[to] = got[to] * 31 + from; });
    kernel.after(nodes[from], milliseconds(100), [this, from] { tick(from); });
  }

  Kernel kernel;
  std::vector<NodeId> nodes;
  std::vector<std::uint64_t> got;
};

TEST(Kernel, the_same_seed_is_the_same_run_bit_for_bit) {
  Gossip one(42, 1000);
  Gossip other(42, 1000);
  one.kernel.run_until(seconds(30));
  for (int i = 1; i <= 30; ++i) other.kernel.run_until(seconds(i));
  EXPECT_GT(one.kernel.counts().events, 500'000U);
  EXPECT_EQ(one.kernel.counts().events, other.kernel.counts().events);
  EXPECT_EQ(one.kernel.fingerprint(), other.kernel.fingerprint());
  EXPECT_EQ(one.got, other.got);
}

TEST(Kernel, another_seed_is_another_run) {
  Gossip one(42, 50);
  Gossip other(43, 50);
  one.kernel.run_until(seconds(1));
  other.kernel.run_until(seconds(1));
  EXPECT_NE(one.kernel.fingerprint(), other.kernel.fingerprint());
  EXPECT_NE(one.got, other.got);
}

}  // namespace
}  // namespace shoal::simulation
