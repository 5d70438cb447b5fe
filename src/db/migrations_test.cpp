#include "db/migrations.h"

#include <gtest/gtest.h>

#include "tests/support/database_fixture.h"

namespace shoal::db {
namespace {

class Migrate : public tests::DatabaseTest {
 protected:
  std::unique_ptr<Connection> connect() {
    if (GetParam() == Engine::sqlite) return connect_sqlite({database.config().sqlite_path});
    return connect_postgresql({database.config().postgresql_url});
  }
  std::int64_t count(const std::string& table) {
    return connect()->query("select count(*) from " + table, {}).front().integer(0);
  }
};
SHOAL_ON_BOTH_ENGINES(Migrate);

std::vector<Migration> with(std::vector<Migration> more) {
  auto all = embedded_migrations();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST_P(Migrate, applies_what_is_missing_in_order) {
  const auto steps = with({{9001, "a", "create table extra (id {id}, n integer not null);"},
                           {9002, "b", "insert into extra (n) values (1);"}});
  ASSERT_TRUE(migrate(*connect(), steps));
  EXPECT_EQ(count("extra"), 1);
  ASSERT_TRUE(migrate(*connect(), steps));
  EXPECT_EQ(count("extra"), 1);
}

TEST_P(Migrate, a_step_that_fails_leaves_nothing_and_can_be_run_again) {
  const auto failed = migrate(
      *connect(),
      with({{9001, "a", "create table extra (n integer); insert into nowhere values (1);"}}));
  ASSERT_FALSE(failed);
  ASSERT_TRUE(migrate(*connect(), with({{9001, "a", "create table extra (n integer);"}})));
  EXPECT_EQ(count("extra"), 0);
}

TEST_P(Migrate, a_later_schema_is_refused) {
  ASSERT_TRUE(migrate(*connect(), with({{9001, "a", "create table extra (n integer);"}})));
  const auto refused = migrate(*connect(), embedded_migrations());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
}

TEST_P(Migrate, a_changed_step_is_refused) {
  ASSERT_TRUE(migrate(*connect(), with({{9001, "a", "create table extra (n integer);"}})));
  const auto refused = migrate(*connect(), with({{9001, "a", "create table extra (m integer);"}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace shoal::db
