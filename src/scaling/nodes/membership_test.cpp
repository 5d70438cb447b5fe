#include "scaling/nodes/membership.h"

#include <gtest/gtest.h>

#include "io/runtime.h"
#include "scaling/nodes/node_rows.h"
#include "tests/support/database_fixture.h"

namespace shoal::scaling {
namespace {

class MembershipTest : public testing::TestWithParam<db::Engine> {
 protected:
  std::unique_ptr<Membership> join(const std::string& id) {
    NodeProfile who;
    who.id = id;
    who.name = "one";
    auto joined = Membership::join(*database, who, runtime.executor(0));
    EXPECT_TRUE(joined) << joined.error().message;
    return *std::move(joined);
  }
  std::vector<Node> nodes() {
    return *database->read_blocking(
        [](db::Session& session) -> Result<std::vector<Node>> { return list_nodes(session); });
  }
  void start(Membership& membership) {
    membership.start({.load = [] { return NodeLoad{.running_jobs = 2}; },
                      .on_beat =
                          [this](const Standing& standing) {
                            beats.push_back(standing.wanted);
                            database->notifier().signal("test");
                          },
                      .on_lost =
                          [this] {
                            is_lost = true;
                            database->notifier().signal("test");
                          }});
  }
  /// Until a hook was called. A new connection to the server signals every channel, too.
  void wait() {
    runtime.run_until_done([](MembershipTest& test) -> io::Task<> {
      for (bool is_signalled = true; is_signalled;) {
        const std::uint64_t seen = test.database->notifier().count("test");
        if (!test.beats.empty() || test.is_lost) co_return;
        is_signalled = co_await test.database->notifier().wait("test", seen, Seconds{20});
      }
      ADD_FAILURE() << "no hook was called within 20 s";
    }(*this));
  }

  // Before the database, whose threads end first: they may still be telling it of an answer.
  io::Runtime runtime{1};
  tests::TestDatabase database{GetParam()};
  std::vector<NodeState> beats;
  bool is_lost = false;
};
SHOAL_ON_BOTH_ENGINES(MembershipTest);

TEST_P(MembershipTest, beats_with_its_load_hears_what_is_wanted_and_leaves) {
  const auto member = join("a");
  ASSERT_TRUE(database->write_blocking(
      [](db::Session& session) { return set_state(session, "one", NodeState::draining); }));
  start(*member);
  wait();
  EXPECT_EQ(beats, std::vector{NodeState::draining});
  EXPECT_EQ(nodes().at(0).load.running_jobs, 2);
  runtime.run_until_done(member->stop());
  EXPECT_TRUE(nodes().empty());
}

TEST_P(MembershipTest, a_process_whose_row_was_taken_is_told_once_and_takes_nothing_away) {
  const auto before = join("a");
  start(*before);
  const auto again = join("a");
  wait();
  EXPECT_TRUE(is_lost);
  EXPECT_TRUE(beats.empty());
  runtime.run_until_done(before->stop());
  EXPECT_EQ(nodes().size(), 1U);
  runtime.run_until_done(again->stop());
}

}  // namespace
}  // namespace shoal::scaling
