// What only a server does: leave, come back, and refuse transactions that met.
#include <gtest/gtest.h>

#include <barrier>
#include <future>
#include <thread>

#include "db/database.h"
#include "io/runtime.h"
#include "io/task_group.h"
#include "tests/support/database_fixture.h"

namespace shoal::db {
namespace {

class Postgresql : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(database->write_blocking([](Session& session) -> Result<> {
      session.execute("insert into setting (key, value, updated_at) values ('a', '', 0)");
      session.execute("insert into setting (key, value, updated_at) values ('b', '', 0)");
      return {};
    }));
  }
  Result<std::int64_t> sum() {
    return database->read_blocking([](Session& session) -> Result<std::int64_t> {
      return session.query_one("select sum(updated_at) from setting")->integer(0);
    });
  }

  tests::TestDatabase database{Engine::postgresql};
};

TEST_F(Postgresql, works_again_after_the_server_restarted) {
  ASSERT_EQ(sum(), 0);
  tests::PostgresServer::instance().restart();
  EXPECT_EQ(sum(), 0);
  EXPECT_TRUE(database->write_blocking([](Session& session) -> Result<> {
    session.execute("update setting set updated_at = 1");
    return {};
  }));
}

TEST_F(Postgresql, only_damage_is_corrupt_and_nothing_runs_for_ever) {
  const auto code_of_state = [&](const std::string& state) {
    return database
        ->write_blocking([&](Session& session) -> Result<> {
          session.execute("do $$ begin raise exception using errcode = '" + state + "'; end $$");
          return {};
        })
        .error()
        .code;
  };
  EXPECT_EQ(code_of_state("XX000"), ErrorCode::unavailable);
  EXPECT_EQ(code_of_state("XX001"), ErrorCode::corrupt);
  const auto timeout = database->read_blocking([](Session& session) -> Result<std::string> {
    return session.query_one("show statement_timeout")->text(0);
  });
  EXPECT_EQ(timeout, "1min");
}

TEST_F(Postgresql, is_unavailable_while_the_server_is_away) {
  tests::PostgresServer::instance().stop();
  const auto away = sum();
  tests::PostgresServer::instance().start();
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, ErrorCode::unavailable);
  EXPECT_EQ(sum(), 0);
}

TEST_F(Postgresql, what_is_urgent_waits_for_no_other_work) {
  io::Runtime runtime(1);
  std::promise<void> over;
  const std::shared_future<void> gate = over.get_future().share();
  io::TaskGroup others(runtime.executor(0), "others");
  // Twice as many as there are connections.
  for (int i = 0; i < 8; ++i) {
    others.spawn([](Database& of, std::shared_future<void> until) -> io::Task<> {
      (void)co_await of.write([until](Session&) -> Result<> {
        until.wait();
        return {};
      });
    }(*database, gate));
  }
  Result<> beat = fail(ErrorCode::internal, "not run");
  runtime.run_until_done([](Database& of, Result<>& done) -> io::Task<> {
    done = co_await of.write_urgent([](Session& session) -> Result<> {
      session.execute("update setting set updated_at = 1");
      return {};
    });
  }(*database, beat));
  EXPECT_TRUE(beat);
  over.set_value();
  runtime.run_until_done(others.drain());
}

TEST_F(Postgresql, deadlocked_transactions_are_run_again) {
  std::barrier<> both(2);
  std::atomic<int> runs = 0;
  const auto change = [&](const char* first, const char* second) {
    bool met = false;
    const auto done = database->write_blocking([&](Session& session) -> Result<> {
      ++runs;
      session.execute("update setting set updated_at = updated_at + 1 where key = :k", {first});
      if (!std::exchange(met, true)) both.arrive_and_wait();
      session.execute("update setting set updated_at = updated_at + 1 where key = :k", {second});
      return {};
    });
    EXPECT_TRUE(done) << done.error().message;
  };
  std::thread other([&] { change("b", "a"); });
  change("a", "b");
  other.join();
  // On a busy server both may notice the deadlock, and give way.
  EXPECT_GE(runs, 3);
  EXPECT_LE(runs, 4);
  EXPECT_EQ(sum(), 4);
}

}  // namespace
}  // namespace shoal::db
