// Lists from a real hot standby.
#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "db/database.h"
#include "io/runtime.h"
#include "tests/support/database_fixture.h"

namespace shoal::db {
namespace {

class ReplicaTest : public testing::Test {
 protected:
  ReplicaTest() {
    DatabaseConfig config;
    config.engine = Engine::postgresql;
    config.postgresql_url = primary.url(name);
    config.replicas = {{"standby", standby->url(name)}};
    config.longest_replica_lag = Milliseconds{800};
    database = *Database::open(config, metrics);
    EXPECT_TRUE(write(1));
    database->expect_all_in_listings();
  }
  void TearDown() override {
    database.reset();
    standby.reset();
    primary.drop_database(name);
  }

  Result<> write(std::int64_t value) {
    return database->write_blocking([value](Session& session) -> Result<> {
      session.execute(
          "insert into setting (key, value, updated_at) values ('a', '', :value) on conflict (key) "
          "do update set updated_at = excluded.updated_at",
          {value});
      return {};
    });
  }
  struct Read {
    bool is_from_replica = false;
    std::int64_t value = 0;
  };
  Result<Read> list() {
    std::optional<Result<Read>> out;
    runtime.run_until_done([](Database& from, std::optional<Result<Read>>& into) -> io::Task<> {
      into = co_await from.read_listing([](Session& session) -> Result<Read> {
        const Row row = *session.query_one(
            "select pg_is_in_recovery(), coalesce((select updated_at from setting where key = "
            "'a'), 0)");
        return Read{row.boolean(0), row.integer(1)};
      });
    }(*database, out));
    return *out;
  }
  void pause(Milliseconds time) {
    runtime.run_until_done([](Milliseconds how_long) -> io::Task<> {
      boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
      timer.expires_after(how_long);
      co_await timer.async_wait(io::use_awaitable);
    }(time));
  }
  /// Lists come from there soon. A bound on a bug, not on time.
  bool come_from_replica(bool replica) {
    for (int i = 0; i < 1500; ++i) {
      const auto read = list();
      if (read && read->is_from_replica == replica) return true;
      pause(Milliseconds{10});
    }
    return false;
  }

  tests::PostgresServer& primary = tests::PostgresServer::instance();
  const std::string name = primary.create_database();
  std::unique_ptr<tests::PostgresServer> standby = primary.make_standby();
  io::Runtime runtime{1};
  Metrics metrics;
  std::unique_ptr<Database> database;
};

TEST_F(ReplicaTest, lists_come_from_a_replica_that_is_fresh_and_everything_else_does_not) {
  ASSERT_TRUE(come_from_replica(true));
  const auto plain = database->read_blocking([](Session& session) -> Result<bool> {
    return session.query_one("select pg_is_in_recovery()")->boolean(0);
  });
  EXPECT_EQ(plain, false);
}

TEST_F(ReplicaTest, what_is_expected_is_there) {
  ASSERT_TRUE(come_from_replica(true));
  standby->execute("select pg_wal_replay_pause()");
  ASSERT_TRUE(write(2));
  database->expect_all_in_listings();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(list()->value, 2);
  EXPECT_FALSE(list()->is_from_replica);
  standby->execute("select pg_wal_replay_resume()");
  EXPECT_TRUE(come_from_replica(true));
  EXPECT_EQ(list()->value, 2);
}

TEST_F(ReplicaTest, one_that_is_behind_is_left_alone_until_it_has_caught_up) {
  ASSERT_TRUE(come_from_replica(true));
  standby->execute("select pg_wal_replay_pause()");
  ASSERT_TRUE(write(3));
  EXPECT_TRUE(come_from_replica(false));
  EXPECT_EQ(list()->value, 3);
  standby->execute("select pg_wal_replay_resume()");
  EXPECT_TRUE(come_from_replica(true));
}

TEST_F(ReplicaTest, one_that_dies_is_missed_by_nobody_and_comes_back) {
  ASSERT_TRUE(come_from_replica(true));
  standby->stop();
  for (int i = 0; i < 20; ++i) {
    const auto read = list();
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_FALSE(read->is_from_replica);
  }
  standby->start();
  EXPECT_TRUE(come_from_replica(true));
}

TEST_F(ReplicaTest, lists_are_read_while_the_primary_is_away) {
  ASSERT_TRUE(come_from_replica(true));
  primary.stop();
  // Longer than one look counts: those that reach the replica alone count, too.
  pause(Milliseconds{2000});
  const auto read = list();
  const auto written = write(4);
  primary.start();
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->value, 1);
  EXPECT_FALSE(written);
  EXPECT_TRUE(write(5));
}

TEST_F(ReplicaTest, one_that_was_promoted_is_none_any_more) {
  ASSERT_TRUE(come_from_replica(true));
  standby->execute("select pg_promote()");
  ASSERT_TRUE(write(6));
  database->expect_all_in_listings();
  const auto read = list();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->value, 6);
}

}  // namespace
}  // namespace shoal::db
