#include "db/database_copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "db/connection.h"
#include "db/tables.h"
#include "tests/support/database_fixture.h"

namespace shoal::db {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

constexpr int k_rows = 7;
constexpr std::size_t k_page = 3;

/// A SQLite database with k_rows rows in each of its tables, whatever they are: row n has n in all
/// its numbers, so that each reference finds its row.
class DatabaseCopy : public testing::Test {
 protected:
  void SetUp() override {
    change(*source, [&](Session& session) {
      tables = *tables_in_order(session);
      for (const Table& table : tables) {
        for (int n = 1; n <= k_rows; ++n) insert_row(session, table, n);
      }
    });
  }

  static void insert_row(Session& session, const Table& table, int n) {
    std::string names;
    std::string values;
    std::vector<Value> arguments;
    for (const Column& column : table.columns) {
      names += (names.empty() ? "" : ", ") + column.name;
      values += (values.empty() ? ":" : ", :") + column.name;
      if (column.type == ColumnType::integer) {
        arguments.emplace_back(n);
      } else if (column.type == ColumnType::real) {
        arguments.emplace_back(1.0 / n);
      } else {
        arguments.emplace_back(fmt::format("{} é\n中 {}", column.name, n));
      }
    }
    session.execute(fmt::format("insert into {} ({}) values ({})", table.name, names, values),
                    arguments);
  }

  static void change(Database& database, const std::function<void(Session&)>& work) {
    const auto done = database.write_blocking([&](Session& session) -> Result<> {
      work(session);
      return {};
    });
    ASSERT_TRUE(done) << done.error().message;
  }
  static void run(Database& database, const std::string& sql) {
    change(database, [&](Session& session) { session.execute(sql); });
  }
  static std::vector<std::string> texts(Database& database, const std::string& sql) {
    return *database.read_blocking([&](Session& session) -> Result<std::vector<std::string>> {
      std::vector<std::string> list;
      for (const Row& row : session.query(sql)) list.push_back(row.text(0));
      return list;
    });
  }

  Result<std::vector<TableComparison>> copy(const OnPage& on_page = go_on) {
    TRY(const auto opened, open_copy_target(target.config(), "this", target.metrics()));
    return copy_database(*source, *opened, on_page, k_page);
  }
  static Result<> go_on(const std::string&, std::size_t) { return {}; }
  static Result<> stop(const std::string&, std::size_t) {
    return fail(ErrorCode::unavailable, "killed");
  }
  /// What differs, by table and key.
  static std::vector<std::string> differences(const std::vector<TableComparison>& tables) {
    std::vector<std::string> list;
    for (const TableComparison& table : tables) {
      for (const std::string& example : table.examples) list.push_back(table.table + " " + example);
    }
    return list;
  }
  /// As `shoal serve` opens the target.
  Result<> serve() {
    TRY_VOID(Database::open(target.config(), target.metrics()));
    return {};
  }

  tests::TestDatabase source{Engine::sqlite};
  tests::TestDatabase target{Engine::postgresql};
  std::vector<Table> tables;
};

TEST_F(DatabaseCopy, every_row_of_every_table_is_there_and_the_target_can_be_served) {
  const auto compared = copy();
  ASSERT_TRUE(compared) << compared.error().message;
  EXPECT_THAT(differences(*compared), ElementsAre());
  std::vector<std::string> names;
  for (const TableComparison& table : *compared) {
    names.push_back(table.table);
    EXPECT_EQ(table.rows, static_cast<std::uint64_t>(k_rows)) << table.table;
    EXPECT_THAT(texts(*target, "select count(*) from " + table.table), ElementsAre("7"));
  }
  // As the other engine knows them: a table of a later migration is copied or found here.
  EXPECT_THAT(names, testing::UnorderedElementsAreArray(
                         texts(*target,
                               "select tablename from pg_tables where schemaname ="
                               " current_schema() and tablename <> 'schema_migration'")));
  EXPECT_TRUE(serve());
}

TEST_F(DatabaseCopy, values_at_the_ends_of_their_types_come_across) {
  change(*source, [](Session& session) {
    session.execute(
        "update video set views = :most, duration = :least, aspect_ratio = :ratio, description ="
        " :none, name = :empty, support = :text where id = 2",
        {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(),
         1.0 / 3, std::nullopt, "", "'\"\\ \t\xF0\x9F\x90\x9F"});
    session.execute("update video set aspect_ratio = 1e300 where id = 3");
    session.execute("update video set aspect_ratio = -2 where id = 4");
  });
  const auto compared = copy();
  ASSERT_TRUE(compared) << compared.error().message;
  EXPECT_THAT(differences(*compared), ElementsAre());
  const auto row = *target->read_blocking([](Session& session) -> Result<Row> {
    return *session.query_one(
        "select views, duration, aspect_ratio, description, name, support from video where id = 2");
  });
  EXPECT_EQ(row.integer(0), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(row.integer(1), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(row.real(2), 1.0 / 3);
  EXPECT_TRUE(row.is_null(3));
  EXPECT_EQ(row.optional_text(4), "");
  EXPECT_EQ(row.text(5), "'\"\\ \t\xF0\x9F\x90\x9F");
}

TEST_F(DatabaseCopy, numbers_of_deleted_rows_do_not_come_back) {
  run(*source, "delete from object_trash where id > 5");
  run(*source, "delete from oauth_token");
  ASSERT_TRUE(copy());
  change(*target, [](Session& session) {
    for (const char* table : {"object_trash", "oauth_token", "video"}) {
      const auto next =
          session.query_one("select nextval(pg_get_serial_sequence(:table, 'id'))", {table});
      EXPECT_EQ(next->integer(0), k_rows + 1) << table;
    }
  });
}

TEST_F(DatabaseCopy, goes_on_after_a_kill_behind_each_page) {
  std::map<std::string, std::size_t> copied;
  std::size_t kills = 0;
  for (;;) {
    const auto compared = copy([&](const std::string& table, std::size_t rows) {
      copied[table] += rows;
      return stop(table, rows);
    });
    if (compared) {
      EXPECT_THAT(differences(*compared), ElementsAre());
      break;
    }
    ++kills;
    ASSERT_EQ(compared.error().message, "killed");
    const auto served = serve();
    ASSERT_FALSE(served);
    EXPECT_EQ(served.error().code, ErrorCode::conflict);
    EXPECT_THAT(served.error().message, HasSubstr("an unfinished copy"));
  }
  // 3, 3 and 1 rows of each, and none of them twice.
  EXPECT_EQ(kills, tables.size() * 3);
  for (const Table& table : tables) EXPECT_EQ(copied[table.name], 7U) << table.name;
  EXPECT_TRUE(serve());
}

TEST_F(DatabaseCopy, a_page_that_fails_leaves_nothing_of_itself) {
  run(*target, "alter table video add constraint stop check (id <> 5)");
  const auto failed = copy();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::conflict);
  EXPECT_THAT(failed.error().message, HasSubstr("video cannot be copied from id 4 to id 6"));
  EXPECT_THAT(texts(*target, "select id from video order by id"), ElementsAre("1", "2", "3"));
  EXPECT_FALSE(serve());
  run(*target, "alter table video drop constraint stop");
  const auto compared = copy();
  ASSERT_TRUE(compared) << compared.error().message;
  EXPECT_THAT(differences(*compared), ElementsAre());
}

TEST_F(DatabaseCopy, texts_are_gone_through_alike_where_the_target_orders_them_as_a_language_does) {
  run(*target, R"(alter table setting alter column key type text collate "und-x-icu")");
  run(*target, R"(alter table video_gram alter column gram type text collate "und-x-icu")");
  change(*source, [](Session& session) {
    for (const char* key : {"a", "B", "c", "é", "É", "z", "Z", "_", "中", "a b", "ab", "A-b"}) {
      session.execute("insert into setting (key, value, updated_at) values (:k, 'x', 1)", {key});
      session.execute("insert into video_gram (gram, video_id, weight) values (:k, 3, 1)", {key});
    }
  });
  // Killed after each of their pages: the next run must find its place.
  const OnPage stop_there = [](const std::string& table, std::size_t rows) {
    return table == "setting" || table == "video_gram" ? stop(table, rows) : go_on(table, rows);
  };
  auto compared = copy(stop_there);
  while (!compared && compared.error().message == "killed") compared = copy(stop_there);
  ASSERT_TRUE(compared) << compared.error().message;
  EXPECT_THAT(differences(*compared), ElementsAre());
  EXPECT_THAT(texts(*target, "select count(*) from video_gram"), ElementsAre("19"));
}

TEST_F(DatabaseCopy, the_comparison_finds_what_was_changed_lost_and_added) {
  OnPage stop_at_the_last = [this](const std::string& table, std::size_t rows) -> Result<> {
    return table == tables.back().name && rows == 1 ? stop(table, rows) : go_on(table, rows);
  };
  ASSERT_FALSE(copy(stop_at_the_last));
  run(*target, "update users set role = 0, email = 'evil' where id = 5");
  run(*target, "update video set description = null where id = 3");
  run(*target, "delete from chapter where video_id = 2");
  run(*target, "insert into chapter (video_id, timecode, title) values (1, 99, 'more')");
  const auto compared = copy();
  ASSERT_TRUE(compared) << compared.error().message;
  EXPECT_THAT(differences(*compared),
              UnorderedElementsAre("users id 5: differs in email, role",
                                   "video id 3: differs in description",
                                   "chapter video_id 2, timecode 2: is missing in the copy",
                                   "chapter video_id 1, timecode 99: is only in the copy"));
  EXPECT_FALSE(serve()) << "it is no copy";
}

TEST_F(DatabaseCopy, of_many_differences_the_first_are_named_and_all_are_counted) {
  change(*source, [](Session& session) {
    for (int n = 0; n < 50; ++n) {
      session.execute("insert into setting (key, value, updated_at) values (:n, 'x', 1000)",
                      {fmt::to_string(n)});
    }
  });
  ASSERT_FALSE(copy([&](const std::string& table, std::size_t rows) {
    return table == tables.back().name ? stop(table, rows) : go_on(table, rows);
  }));
  run(*target, "update setting set updated_at = 2000 where updated_at = 1000");
  const auto compared = copy();
  ASSERT_TRUE(compared) << compared.error().message;
  const auto setting = std::ranges::find(*compared, "setting", &TableComparison::table);
  ASSERT_NE(setting, compared->end());
  EXPECT_EQ(setting->rows, 57U);
  EXPECT_EQ(setting->different, 50U);
  EXPECT_EQ(setting->examples.size(), TableComparison::k_examples);
}

TEST_F(DatabaseCopy, a_target_that_holds_something_is_refused_and_stays_as_it_is) {
  const auto refusal = [&](const std::string& instance) {
    const auto opened = open_copy_target(target.config(), instance, target.metrics());
    EXPECT_FALSE(opened);
    if (opened) return std::string();
    EXPECT_EQ(opened.error().code, ErrorCode::conflict);
    return opened.error().message;
  };
  run(*target, "insert into worker (name, heartbeat_at) values ('w', 1)");
  EXPECT_THAT(refusal("this"), HasSubstr("its table worker holds rows"));
  run(*target, "delete from worker");
  run(*target, R"(create table "Other ""one" (n integer))");
  run(*target, R"(insert into "Other ""one" values (1))");
  EXPECT_THAT(refusal("this"), HasSubstr("Other \"one"));
  EXPECT_TRUE(serve()) << "it was not marked";
  run(*target, R"(drop table "Other ""one")");

  ASSERT_FALSE(copy(stop));
  EXPECT_THAT(refusal("another"), HasSubstr("unfinished copy of another instance"));
  ASSERT_TRUE(copy());
  EXPECT_THAT(refusal("this"), HasSubstr("is not empty")) << "a finished copy is an instance";
}

TEST_F(DatabaseCopy, nobody_writes_to_the_source_meanwhile) {
  bool was_refused = false;
  const auto compared = copy([&](const std::string&, std::size_t) -> Result<> {
    if (was_refused) return {};
    const auto other =
        connect_sqlite({.path = source.config().sqlite_path, .busy_timeout = Milliseconds{1}});
    try {
      other->begin(true);
    } catch (const DatabaseError& error) {
      was_refused = error.code == ErrorCode::busy;
    }
    return {};
  });
  EXPECT_TRUE(compared);
  EXPECT_TRUE(was_refused);
}

}  // namespace
}  // namespace shoal::db
