#include "app/cluster_member.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/runtime.h"
#include "scaling/nodes/node_rows.h"
#include "tests/support/database_fixture.h"

namespace shoal::app {
namespace {

using testing::HasSubstr;
using testing::Not;

class ClusterMemberTest : public testing::TestWithParam<db::Engine> {
 protected:
  using Member = std::unique_ptr<ClusterMember>;
  Result<Member> join(const std::string& id) {
    return ClusterMember::join({*database, clock, metrics, runtime.executor(0)},
                               node_profile(config, id, 9000), config.cluster.drain_timeout);
  }
  void stop(const Member& member) { runtime.run_until_done(member->stop()); }
  std::vector<scaling::Node> nodes() {
    return *database->read_blocking([](db::Session& session) -> Result<std::vector<scaling::Node>> {
      return scaling::list_nodes(session);
    });
  }

  Config config;
  SystemClock clock;
  Metrics metrics;
  // Before the database, whose threads end first: they may still be telling it of an answer.
  io::Runtime runtime{1};
  tests::TestDatabase database{GetParam()};
};

class MemberOnSqlite : public ClusterMemberTest {};
INSTANTIATE_TEST_SUITE_P(Engines, MemberOnSqlite, testing::Values(db::Engine::sqlite),
                         tests::engine_name);
class MemberOnPostgresql : public ClusterMemberTest {};
INSTANTIATE_TEST_SUITE_P(Engines, MemberOnPostgresql, testing::Values(db::Engine::postgresql),
                         tests::engine_name);

TEST_P(MemberOnSqlite, is_alone_with_every_turn_and_in_no_registry) {
  const auto member = join("a");
  ASSERT_TRUE(member);
  EXPECT_TRUE((*member)->is_alone());
  EXPECT_TRUE((*member)->turn());
  (*member)->start({});
  EXPECT_TRUE(nodes().empty());
  stop(*member);
}

TEST_P(MemberOnPostgresql, a_second_server_is_told_who_has_the_database_and_what_keeps_it_apart) {
  config.cluster.node_name = "first";
  const auto first = join("a");
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_TRUE((*first)->is_alone());
  config.cluster.node_name = "second";
  const auto second = join("b");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_THAT(second.error().message, HasSubstr("node first"));
  EXPECT_THAT(second.error().message, HasSubstr("homes.renditions"));
  EXPECT_TRUE(join("a")) << "a restart after a kill does not wait";
  stop(*first);
}

TEST_P(MemberOnPostgresql, a_server_that_stops_makes_room_at_once) {
  const auto first = join("a");
  ASSERT_TRUE(first);
  stop(*first);
  const auto second = join("b");
  ASSERT_TRUE(second) << second.error().message;
  stop(*second);
}

TEST_P(MemberOnPostgresql, one_whose_row_is_removed_ends_once) {
  const auto member = join("a");
  ASSERT_TRUE(member);
  int ends = 0;
  (*member)->start({.load = [] { return scaling::NodeLoad(); },
                    .set_draining = [](bool) {},
                    .set_nodes = [](std::int64_t) {},
                    .end =
                        [&] {
                          ++ends;
                          database->notifier().signal("test");
                        }});
  ASSERT_TRUE(database->write_blocking([](db::Session& session) -> Result<> {
    session.execute("delete from node");
    return {};
  }));
  runtime.run_until_done([](db::Notifier& notifier) -> io::Task<> {
    EXPECT_TRUE(co_await notifier.wait("test", 0, Seconds{20}));
  }(database->notifier()));
  EXPECT_EQ(ends, 1);
  EXPECT_TRUE((*member)->was_lost());
  stop(*member);
}

TEST_P(MemberOnPostgresql, is_called_by_its_host_and_port_where_nothing_else_is_said) {
  EXPECT_THAT(node_profile(config, "a", 9000).name, HasSubstr(":9000"));
  EXPECT_THAT(node_profile(config, "a", 9001).name, Not(HasSubstr(":9000")));
}

}  // namespace
}  // namespace shoal::app
