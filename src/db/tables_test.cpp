#include "db/tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "db/connection.h"
#include "tests/support/temporary_directory.h"

namespace shoal::db {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TablesInOrder : public testing::Test {
 protected:
  Result<std::vector<Table>> after(const std::string& sql) {
    connection->run_script(sql);
    return tables_in_order(*connection);
  }

  tests::TemporaryDirectory folder;
  std::unique_ptr<Connection> connection = connect_sqlite({(folder.path() / "a.db").string()});
};

TEST_F(TablesInOrder, a_table_comes_after_those_that_it_references) {
  const auto tables = after(
      "create table a (id integer primary key autoincrement, b bigint references b (id));"
      "create table b (id integer primary key autoincrement, c text references c (name));"
      "create table c (name text primary key);");
  ASSERT_TRUE(tables) << tables.error().message;
  ASSERT_EQ(tables->size(), 3U);
  EXPECT_EQ((*tables)[0].name, "c");
  EXPECT_EQ((*tables)[1].name, "b");
  EXPECT_EQ((*tables)[2].name, "a");
  EXPECT_THAT((*tables)[2].referenced, ElementsAre("b"));
}

TEST_F(TablesInOrder, a_key_has_its_columns_in_its_own_order) {
  const auto tables = after(
      "create table t (n double precision, b bigint not null, a text not null,"
      " primary key (a, b));");
  ASSERT_TRUE(tables) << tables.error().message;
  const Table& table = tables->front();
  EXPECT_THAT(table.key, ElementsAre(2U, 1U));
  EXPECT_EQ(table.columns[0].type, ColumnType::real);
  EXPECT_EQ(table.columns[1].type, ColumnType::integer);
  EXPECT_EQ(table.columns[2].type, ColumnType::text);
}

TEST_F(TablesInOrder, what_could_not_be_copied_is_named) {
  const auto circle = after(
      "create table one (id integer primary key, two bigint references two (id));"
      "create table two (id integer primary key, one bigint references one (id));");
  ASSERT_FALSE(circle);
  EXPECT_THAT(circle.error().message, HasSubstr("one"));
  const auto keyless = after("drop table one; drop table two; create table three (n integer);");
  ASSERT_FALSE(keyless);
  EXPECT_THAT(keyless.error().message, HasSubstr("three"));
  const auto strange = after("drop table three; create table four (id blob primary key);");
  ASSERT_FALSE(strange);
  EXPECT_EQ(strange.error().code, ErrorCode::unsupported);
  EXPECT_THAT(strange.error().message, HasSubstr("four.id"));
}

}  // namespace
}  // namespace shoal::db
