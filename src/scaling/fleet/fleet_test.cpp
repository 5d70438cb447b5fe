#include "scaling/fleet/fleet.h"

#include <gtest/gtest.h>

namespace shoal::scaling {
namespace {

constexpr UtcTime k_then{Seconds{1'000}};
constexpr UtcTime k_later{Seconds{2'000}};

SeenWorker seen(std::string name, std::int64_t jobs, Seconds left = Seconds{0}) {
  return {.name = std::move(name),
          .registered_at = k_then,
          .last_contact = k_later,
          .running_jobs = jobs,
          .work_left = left};
}

std::vector<std::string> names_in(const std::vector<FleetNode>& nodes, FleetState state) {
  std::vector<std::string> names;
  for (const FleetNode& node : nodes)
    if (node.state == state) names.push_back(node.name);
  return names;
}

using Names = std::vector<std::string>;

TEST(Fleet, of_known_workers_is_what_the_registry_knows_of_each) {
  SeenWorker silent = seen("w3", 0);
  silent.last_contact = silent.registered_at;
  const std::vector<SeenWorker> workers{seen("other", 1), seen("w1", 2, Seconds{30}), seen("w2", 0),
                                        silent};
  const Inventory inventory{
      .count = 4, .known = {{{"w1", k_then}, {"w2", k_then}, {"w3", k_later}, {"w4", k_later}}}};
  const auto nodes = assemble_fleet(inventory, workers, {});
  EXPECT_EQ(names_in(nodes, FleetState::busy), Names{"w1"});
  EXPECT_EQ(names_in(nodes, FleetState::idle), Names{"w2"});
  EXPECT_EQ(names_in(nodes, FleetState::starting), (Names{"w3", "w4"}));
  EXPECT_EQ(nodes[0].work_left, Seconds{30});
  EXPECT_EQ(busy_workers(inventory, workers), Names{"w1"});
}

TEST(Fleet, of_counted_workers_takes_those_of_the_prefix_and_misses_the_rest_as_starting) {
  const std::vector<SeenWorker> workers{seen("other", 1), seen("pod-a", 0), seen("pod-b", 1)};
  const Inventory inventory{.count = 4, .name_prefix = "pod-"};
  const auto nodes = assemble_fleet(inventory, workers, k_later);
  ASSERT_EQ(nodes.size(), 4u);
  EXPECT_EQ(names_in(nodes, FleetState::busy), Names{"pod-b"});
  EXPECT_EQ(names_in(nodes, FleetState::idle), Names{"pod-a"});
  EXPECT_EQ(names_in(nodes, FleetState::starting).size(), 2u);
  EXPECT_EQ(nodes[3].since, k_later);
}

TEST(Fleet, more_than_are_counted_are_about_to_go_and_take_no_work) {
  const std::vector<SeenWorker> workers{seen("a", 0), seen("b", 1, Seconds{5}),
                                        seen("c", 1, Seconds{50})};
  const auto nodes = assemble_fleet({.count = 1}, workers, {});
  ASSERT_EQ(nodes.size(), 1u);
  EXPECT_EQ(nodes[0].name, "c");
  EXPECT_EQ(busy_workers({.count = 1}, workers), (Names{"b", "c"})) << "they are busy all the same";
}

}  // namespace
}  // namespace shoal::scaling
