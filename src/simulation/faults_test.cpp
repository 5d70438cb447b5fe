#include "simulation/faults.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace shoal::simulation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr FaultPlan k_rough{
    .crash_every = seconds(60), .partition_every = seconds(120), .skew_every = seconds(90)};

/// Nodes of which each says every second that it lives.
struct Cluster {
  Cluster(std::uint64_t seed, const FaultPlan& plan) : kernel(seed) {
    for (int i = 0; i < 20; ++i) {
      nodes.push_back(kernel.add_node(std::to_string(i), [this, i] { beat(i); }));
    }
    faults.emplace(kernel, nodes, plan);
  }
  void beat(int node) {
    ++beats;
    kernel.send(nodes[node], nodes[(node + 1) % nodes.size()], [this] { ++heard; });
    kernel.after(nodes[node], seconds(1), [this, node] { beat(node); });
  }

  Kernel kernel;
  std::vector<NodeId> nodes;
  std::optional<Faults> faults;
  std::uint64_t beats = 0;
  std::uint64_t heard = 0;
};

TEST(Faults, each_kind_comes_as_often_as_planned) {
  Cluster cluster(7, k_rough);
  cluster.kernel.run_until(hours(24));
  const Faults::Done& done = cluster.faults->done();
  EXPECT_NEAR(static_cast<double>(done.crashes), 1440, 150);
  // The next cut is planned when one is healed: 15.5 s on average.
  EXPECT_NEAR(static_cast<double>(done.partitions), 86400 / 135.5, 100);
  EXPECT_NEAR(static_cast<double>(done.skews), 960, 100);
  EXPECT_LT(cluster.beats, 20U * 86'400);
  EXPECT_LT(cluster.heard, cluster.beats);
  EXPECT_GT(cluster.heard, cluster.beats / 2);
}

TEST(Faults, what_is_not_planned_does_not_happen) {
  Cluster cluster(7, {});
  cluster.kernel.run_until(hours(1));
  EXPECT_EQ(cluster.beats, 20U * 3601);
  EXPECT_EQ(cluster.kernel.counts().lost, 0U);
  EXPECT_EQ(cluster.faults->done().crashes, 0U);
  EXPECT_EQ(cluster.faults->done().partitions, 0U);
  EXPECT_EQ(cluster.faults->done().skews, 0U);
}

TEST(Faults, after_stop_all_nodes_are_up_and_reach_each_other) {
  Cluster cluster(11, k_rough);
  cluster.kernel.run_until(hours(3));
  cluster.faults->stop();
  const auto before = cluster.faults->done().crashes;
  for (const NodeId node : cluster.nodes) {
    EXPECT_TRUE(cluster.kernel.is_up(node));
    EXPECT_FALSE(cluster.kernel.is_cut_off(node, cluster.nodes.front()));
  }
  const std::uint64_t beats = cluster.beats;
  cluster.kernel.run_until(hours(4));
  EXPECT_NEAR(static_cast<double>(cluster.beats - beats), 20 * 3600, 100);
  EXPECT_EQ(cluster.faults->done().crashes, before);
}

TEST(Faults, the_same_seed_breaks_the_same_at_the_same_time) {
  Cluster one(3, k_rough);
  Cluster other(3, k_rough);
  Cluster third(4, k_rough);
  for (Cluster* cluster : {&one, &other, &third}) cluster->kernel.run_until(hours(2));
  EXPECT_EQ(one.kernel.fingerprint(), other.kernel.fingerprint());
  EXPECT_EQ(one.heard, other.heard);
  EXPECT_NE(one.kernel.fingerprint(), third.kernel.fingerprint());
}

}  // namespace
}  // namespace shoal::simulation
