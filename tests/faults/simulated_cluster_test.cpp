#include "tests/faults/simulated_cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "simulation/faults.h"

namespace shoal::faults {
namespace {

using simulation::Microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::uint64_t first_seed() {
  const char* chosen = std::getenv("SHOAL_TEST_SEED");
  return chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : 1;
}

simulation::FaultPlan stormy() {
  return {.crash_every = seconds(20),
          .most_down = seconds(20),
          .partition_every = seconds(30),
          .most_cut = seconds(15),
          .skew_every = seconds(10),
          .most_offset = minutes(5),
          .most_drift = 0.0001};
}

std::set<std::string> living(SimulatedCluster& cluster) {
  std::set<std::string> names;
  for (const scaling::Node& node : cluster.registry())
    if (node.is_alive()) names.insert(node.profile.name);
  return names;
}

TEST(SimulatedCluster, has_one_holder_of_the_duties_and_one_node_a_name_whatever_breaks) {
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = first_seed(); seed < first_seed() + 6; ++seed) {
    SimulatedCluster cluster(seed, {"twin", "twin", "c", "d", "e"}, "");
    simulation::Faults faults(cluster.kernel(), cluster.nodes(), stormy());
    cluster.kernel().run_until(minutes(3));
    faults.stop();
    cluster.kernel().run_until(minutes(4));
    EXPECT_THAT(cluster.violations(), testing::IsEmpty()) << "seed " << seed;
    EXPECT_EQ(living(cluster), (std::set<std::string>{"c", "d", "e", "twin"})) << "seed " << seed;
    EXPECT_EQ(cluster.members().size(), 4U) << "seed " << seed << ": one twin is refused";
    EXPECT_EQ(cluster.believers().size(), 1U) << "seed " << seed;
    EXPECT_GT(cluster.duties_done(), 200U) << "seed " << seed;
    crashes += faults.done().crashes;
  }
  EXPECT_GT(crashes, 20U);
}

TEST(SimulatedCluster, that_shares_nothing_never_has_two_that_live) {
  for (std::uint64_t seed = first_seed(); seed < first_seed() + 4; ++seed) {
    SimulatedCluster cluster(seed, {"a", "b", "c"}, "storage.data");
    simulation::Faults faults(cluster.kernel(), cluster.nodes(), stormy());
    cluster.kernel().run_until(minutes(3));
    faults.stop();
    cluster.kernel().run_until(minutes(4));
    EXPECT_THAT(cluster.violations(), testing::IsEmpty()) << "seed " << seed;
    EXPECT_EQ(living(cluster).size(), 1U) << "seed " << seed;
    EXPECT_EQ(cluster.members().size(), 1U) << "seed " << seed;
    EXPECT_EQ(cluster.believers(), cluster.members()) << "seed " << seed;
  }
}

TEST(SimulatedCluster, has_its_duties_elsewhere_within_ten_seconds_of_a_kill) {
  Microseconds longest{0};
  for (std::uint64_t seed = first_seed(); seed < first_seed() + 20; ++seed) {
    SimulatedCluster cluster(seed, {"a", "b", "c"}, "");
    simulation::Kernel& kernel = cluster.kernel();
    kernel.run_until(seconds(20) + milliseconds(137 * seed));
    const auto holder = cluster.believers();
    ASSERT_EQ(holder.size(), 1U) << "seed " << seed;
    const Microseconds killed = kernel.now();
    kernel.crash(holder[0]);
    while (cluster.believers().empty() && kernel.now() < killed + minutes(1))
      kernel.run_until(kernel.now() + milliseconds(10));
    longest = std::max(longest, kernel.now() - killed);
    EXPECT_THAT(cluster.violations(), testing::IsEmpty()) << "seed " << seed;
  }
  EXPECT_LE(longest, seconds(10));
  EXPECT_GE(longest, seconds(5)) << "a lease that lasts";
}

}  // namespace
}  // namespace shoal::faults
