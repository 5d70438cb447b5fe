#include "scaling/nodes/node_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"

namespace shoal::scaling {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

NodeProfile profile(std::string id, std::string name) {
  return {.id = std::move(id),
          .name = std::move(name),
          .roles = "api worker",
          .region = "eu",
          .labels = "av1 gpu",
          .address = "",
          .version = "1.0",
          .schema_version = 12,
          .cores = 4,
          .unshared = ""};
}

/// The clock is the database's; a node's own is asked by nothing here.
class NodeRowsTest : public testing::TestWithParam<db::Engine> {
 protected:
  Result<NodeKey> joins(const NodeProfile& who) {
    return database->write_blocking([&](db::Session& session) { return join(session, who); });
  }
  Result<NodeState> beats(const NodeKey& key, const NodeLoad& load = {}) {
    const auto standing =
        database->write_blocking([&](db::Session& session) { return beat(session, key, load); });
    if (!standing) return std::unexpected(standing.error());
    nodes_heard = standing->nodes;
    return standing->wanted;
  }
  Result<> write(const std::function<Result<>(db::Session&)>& work) {
    return database->write_blocking([&](db::Session& session) { return work(session); });
  }
  std::vector<Node> nodes() {
    return *database->read_blocking(
        [](db::Session& session) -> Result<std::vector<Node>> { return list_nodes(session); });
  }
  std::vector<std::string> names() {
    std::vector<std::string> out;
    for (const Node& node : nodes()) out.push_back(node.profile.name);
    return out;
  }

  std::shared_ptr<tests::ManualClock> clock = std::make_shared<tests::ManualClock>();
  tests::TestDatabase database{GetParam(), clock};
  std::int64_t nodes_heard = 0;
};
SHOAL_ON_BOTH_ENGINES(NodeRowsTest);

TEST_P(NodeRowsTest, a_node_hears_how_many_live) {
  const auto one = joins(profile("a", "one"));
  const auto two = joins(profile("b", "two"));
  ASSERT_TRUE(beats(*one));
  EXPECT_EQ(nodes_heard, 2);
  clock->advance(k_alive_for + Milliseconds{1});
  ASSERT_TRUE(beats(*one));
  EXPECT_EQ(nodes_heard, 1) << "the silent one does not count, but itself";
  ASSERT_TRUE(beats(*two));
  EXPECT_EQ(nodes_heard, 2);
}

TEST_P(NodeRowsTest, a_row_tells_what_a_node_is_and_does) {
  const auto key = joins(profile("a", "one"));
  ASSERT_TRUE(key) << key.error().message;
  const UtcTime started = clock->now();
  clock->advance(Seconds{2});
  EXPECT_EQ(beats(*key, {.running_jobs = 3, .requests_per_second = 1.5, .bytes_per_second = 1e9}),
            NodeState::up);
  clock->advance(Seconds{5});
  const Node node = nodes().at(0);
  EXPECT_EQ(node.profile.id, "a");
  EXPECT_EQ(node.profile.roles, "api worker");
  EXPECT_EQ(node.profile.region, "eu");
  EXPECT_EQ(node.profile.labels, "av1 gpu");
  EXPECT_EQ(node.profile.version, "1.0");
  EXPECT_EQ(node.profile.schema_version, 12);
  EXPECT_EQ(node.profile.cores, 4);
  EXPECT_EQ(node.load.running_jobs, 3);
  EXPECT_EQ(node.load.requests_per_second, 1.5);
  EXPECT_EQ(node.load.bytes_per_second, 1e9);
  EXPECT_EQ(node.started_at, started);
  EXPECT_EQ(node.heartbeat_at, started + Seconds{2});
  EXPECT_EQ(node.silent_for, Seconds{5});
  EXPECT_TRUE(node.is_alive());
  clock->advance(Seconds{2});
  EXPECT_FALSE(nodes().at(0).is_alive());
}

TEST_P(NodeRowsTest, of_two_with_one_name_the_second_waits_until_the_first_is_dead) {
  const auto first = joins(profile("a", "one"));
  ASSERT_TRUE(first);
  clock->advance(Seconds{5});
  ASSERT_TRUE(beats(*first));
  clock->advance(Seconds{5});
  const auto refused = joins(profile("b", "one"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_EQ(beats(*first), NodeState::up) << "nothing happened to it";
  clock->advance(Seconds{7});
  const auto second = joins(profile("b", "one"));
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(beats(*first).error().code, ErrorCode::conflict) << "its process stops";
  EXPECT_EQ(beats(*second), NodeState::up);
  EXPECT_THAT(names(), ElementsAre("one"));
}

TEST_P(NodeRowsTest, a_restart_does_not_wait_and_its_earlier_process_stops) {
  const auto killed = joins(profile("a", "one"));
  const auto again = joins(profile("a", "one"));
  ASSERT_TRUE(killed && again);
  EXPECT_GT(again->fence, killed->fence);
  EXPECT_EQ(beats(*killed).error().code, ErrorCode::conflict);
  ASSERT_TRUE(write([&](db::Session& session) -> Result<> {
    leave(session, *killed);
    return {};
  }));
  EXPECT_EQ(beats(*again), NodeState::up) << "the earlier one took only its own row away";
}

TEST_P(NodeRowsTest, a_fence_never_comes_back_even_when_the_registry_was_empty) {
  const auto first = joins(profile("a", "one"));
  ASSERT_TRUE(write([](db::Session& session) { return remove_node(session, "one"); }));
  const auto second = joins(profile("a", "one"));
  EXPECT_GT(second->fence, first->fence);
}

TEST_P(NodeRowsTest, a_node_that_was_silent_for_long_goes_on_when_nobody_took_its_place) {
  const auto key = joins(profile("a", "one"));
  clock->advance(Seconds{3600});
  EXPECT_FALSE(nodes().at(0).is_alive());
  EXPECT_EQ(beats(*key), NodeState::up);
  EXPECT_TRUE(nodes().at(0).is_alive());
}

TEST_P(NodeRowsTest, draining_and_resuming_reach_the_node_with_its_next_beat) {
  const auto key = joins(profile("a", "one"));
  const auto wish = [&](NodeState state) {
    return write([&](db::Session& session) { return set_state(session, "one", state); });
  };
  ASSERT_TRUE(wish(NodeState::draining));
  EXPECT_EQ(nodes().at(0).state, NodeState::draining);
  EXPECT_EQ(beats(*key), NodeState::draining);
  ASSERT_TRUE(wish(NodeState::up));
  EXPECT_EQ(beats(*key), NodeState::up);
  const auto unknown =
      write([](db::Session& session) { return set_state(session, "two", NodeState::draining); });
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::not_found);
  EXPECT_THAT(unknown.error().message, HasSubstr("'two'"));
}

TEST_P(NodeRowsTest, a_drained_node_that_starts_again_is_up) {
  ASSERT_TRUE(joins(profile("a", "one")));
  ASSERT_TRUE(
      write([](db::Session& session) { return set_state(session, "one", NodeState::draining); }));
  const auto again = joins(profile("a", "one"));
  EXPECT_EQ(beats(*again), NodeState::up);
}

TEST_P(NodeRowsTest, who_leaves_or_is_removed_is_in_no_list) {
  const auto first = joins(profile("a", "one"));
  const auto second = joins(profile("b", "two"));
  EXPECT_THAT(names(), ElementsAre("one", "two"));
  ASSERT_TRUE(write([&](db::Session& session) -> Result<> {
    leave(session, *first);
    return {};
  }));
  EXPECT_THAT(names(), ElementsAre("two"));
  ASSERT_TRUE(write([](db::Session& session) { return remove_node(session, "two"); }));
  EXPECT_EQ(beats(*second).error().code, ErrorCode::conflict);
  const auto again = write([](db::Session& session) { return remove_node(session, "two"); });
  EXPECT_EQ(again.error().code, ErrorCode::not_found);
}

TEST_P(NodeRowsTest, the_long_silent_are_forgotten_and_no_others) {
  ASSERT_TRUE(joins(profile("a", "one")));
  clock->advance(Seconds{100});
  ASSERT_TRUE(joins(profile("b", "two")));
  clock->advance(Seconds{50});
  ASSERT_TRUE(write([](db::Session& session) -> Result<> {
    EXPECT_EQ(forget_silent(session, Seconds{120}), 1);
    return {};
  }));
  EXPECT_THAT(names(), ElementsAre("two"));
}

TEST_P(NodeRowsTest, of_many_that_join_at_once_under_one_name_one_is_taken) {
  std::atomic<int> taken = 0;
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> starting;
    starting.reserve(6);
    for (int i = 0; i < 6; ++i) {
      starting.emplace_back([&, i] {
        NodeProfile who = profile(fmt::format("folder-{}", i), "one");
        // Half of them may not have any other beside them, whatever its name.
        if (i % 2 == 0) {
          who.name = fmt::format("name-{}", i);
          who.unshared = "homes.captions";
        }
        const auto key = joins(who);
        ++(key ? taken : refused);
        if (!key) EXPECT_EQ(key.error().code, ErrorCode::conflict) << key.error().message;
      });
    }
  }
  EXPECT_EQ(taken, 1);
  EXPECT_EQ(refused, 5);
  EXPECT_EQ(nodes().size(), 1U);
}

}  // namespace
}  // namespace shoal::scaling
