#include "db/notify.h"

#include <gtest/gtest.h>

#include "db/database.h"
#include "io/runtime.h"
#include "tests/support/database_fixture.h"

namespace shoal::db {
namespace {

class Notify : public tests::DatabaseTest {};
SHOAL_ON_BOTH_ENGINES(Notify);

Result<> tell(Session& session) {
  session.notify("jobs");
  return {};
}

io::Task<> wait_for_jobs(Notifier& notifier, std::uint64_t seen, Milliseconds timeout,
                         bool& signalled) {
  signalled = co_await notifier.wait("jobs", seen, timeout);
}

TEST_P(Notify, a_waiter_wakes_when_the_transaction_commits) {
  io::Runtime runtime(2);
  const auto seen = database->notifier().count("jobs");
  bool signalled = false;
  std::thread writer([&] { EXPECT_TRUE(database->write_blocking(tell)); });
  runtime.run_until_done(wait_for_jobs(database->notifier(), seen, Seconds{30}, signalled));
  writer.join();
  EXPECT_TRUE(signalled);
}

TEST_P(Notify, a_transaction_that_rolled_back_wakes_nobody) {
  // The listener signals everybody once when it connects: let a signal of ours come after that.
  ASSERT_TRUE(database->write_blocking(tell));
  io::Runtime runtime(1);
  bool signalled = false;
  runtime.run_until_done(wait_for_jobs(database->notifier(), 1, Milliseconds{300}, signalled));
  const auto seen = database->notifier().count("jobs");
  EXPECT_FALSE(database->write_blocking([](Session& session) -> Result<> {
    session.notify("jobs");
    return fail(ErrorCode::conflict, "no");
  }));
  runtime.run_until_done(wait_for_jobs(database->notifier(), seen, Milliseconds{50}, signalled));
  EXPECT_FALSE(signalled);
}

TEST(NotifyNodes, another_node_wakes_too) {
  tests::TestDatabase here(Engine::postgresql);
  Metrics metrics;
  auto there = Database::open(here.config(), metrics);
  ASSERT_TRUE(there);
  io::Runtime runtime(1);
  // Until the other node's listener is connected a signal may be lost: say it again.
  bool signalled = false;
  for (int i = 0; i < 100 && !signalled; ++i) {
    const auto seen = (*there)->notifier().count("jobs");
    ASSERT_TRUE(here->write_blocking(tell));
    runtime.run_until_done(wait_for_jobs((*there)->notifier(), seen, Milliseconds{300}, signalled));
  }
  EXPECT_TRUE(signalled);
}

}  // namespace
}  // namespace shoal::db
