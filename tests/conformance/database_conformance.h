#pragma once

// What every engine behind db::Database does. Included by one test file.
#include <gtest/gtest.h>

#include <thread>

#include "db/clock.h"
#include "db/database.h"
#include "io/runtime.h"
#include "tests/support/database_fixture.h"

namespace shoal::db {

class DatabaseConformance : public tests::DatabaseTest {
 protected:
  void put(const std::string& key, const std::string& value) {
    ASSERT_TRUE(database->write_blocking([&](Session& session) -> Result<> {
      session.execute("insert into setting (key, value, updated_at) values (:k, :v, :now)",
                      {key, value, session.now()});
      return {};
    }));
  }
  std::optional<std::string> get(const std::string& key) {
    return *database->read_blocking([&](Session& session) -> Result<std::optional<std::string>> {
      const auto row = session.query_one("select value from setting where key = :k", {key});
      return row ? row->optional_text(0) : std::nullopt;
    });
  }
  /// Runs one query in a reading transaction.
  Result<Rows> query(const std::string& sql, const std::vector<Value>& arguments = {}) {
    return database->read_blocking(
        [&](Session& session) -> Result<Rows> { return session.query(sql, arguments); });
  }
  Result<std::int64_t> execute(const std::string& sql, const std::vector<Value>& arguments = {}) {
    return database->write_blocking(
        [&](Session& session) -> Result<std::int64_t> { return session.execute(sql, arguments); });
  }
};
SHOAL_ON_BOTH_ENGINES(DatabaseConformance);

TEST_P(DatabaseConformance, values_come_back_as_they_went_in) {
  const std::string text = "‘quotes’ \" ' \\ : ; -- 视频 \U0001F41F\n";
  put("k", text);
  EXPECT_EQ(get("k"), text);
  const auto rows = query(
      "select cast(:a as bigint), cast(:b as double precision), cast(:c as text),"
      " cast(:d as bigint), cast(:e as text)",
      {std::numeric_limits<std::int64_t>::min(), 0.1 + 0.2, "", std::nullopt, "x"});
  ASSERT_TRUE(rows) << rows.error().message;
  const Row& row = rows->front();
  EXPECT_EQ(row.integer(0), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(row.real(1), 0.1 + 0.2);
  EXPECT_FALSE(row.is_null(2));
  EXPECT_EQ(row.text(2), "");
  EXPECT_TRUE(row.is_null(3));
  EXPECT_EQ(row.text(4), "x");
}

TEST_P(DatabaseConformance, booleans_read_as_zero_and_one) {
  const auto rows = query("select 2 > 1, 1 > 2");
  ASSERT_TRUE(rows);
  EXPECT_TRUE(rows->front().boolean(0));
  EXPECT_FALSE(rows->front().boolean(1));
}

TEST_P(DatabaseConformance, a_name_that_appears_twice_takes_one_argument) {
  put("a", "1");
  put("b", "2");
  const auto rows = query(
      "select key from setting where key = :k or value = :v or key = :k order by key", {"a", "2"});
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ(query("select key from setting where key = :k", {"a", "b"}).error().code,
            ErrorCode::internal);
}

TEST_P(DatabaseConformance, colons_and_casts_inside_text_are_no_names) {
  const auto rows = query("select 'a:b', cast('5' as bigint) + :n", {1});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->front().text(0), "a:b");
  EXPECT_EQ(rows->front().integer(1), 6);
}

TEST_P(DatabaseConformance, broken_text_is_refused) {
  for (const std::string& bad :
       {std::string("a\0b", 3), std::string("\xff"), std::string("\xc3")}) {
    const auto done = execute("update setting set value = :v", {bad});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::invalid);
  }
}

TEST_P(DatabaseConformance, an_error_rolls_back_and_so_does_a_failed_result) {
  const auto done = database->write_blocking([](Session& session) -> Result<> {
    session.execute("insert into setting (key, value, updated_at) values ('a', 'b', 1)");
    return fail(ErrorCode::forbidden, "no");
  });
  EXPECT_EQ(done.error().code, ErrorCode::forbidden);
  EXPECT_EQ(get("a"), std::nullopt);
  struct Unexpected {};
  EXPECT_THROW((void)database->write_blocking([](Session& session) -> Result<> {
    session.execute("insert into setting (key, value, updated_at) values ('a', 'b', 1)");
    throw Unexpected{};
  }),
               Unexpected);
  EXPECT_EQ(get("a"), std::nullopt);
  put("a", "c");
  EXPECT_EQ(get("a"), "c");
}

TEST_P(DatabaseConformance, a_constraint_is_a_conflict_and_names_neither_value_nor_table) {
  put("secret-key", "v");
  const auto done = execute("insert into setting (key, value, updated_at) values (:k, :v, 1)",
                            {"secret-key", "other"});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::conflict);
  EXPECT_EQ(done.error().message.find("secret-key"), std::string::npos) << done.error().message;
  EXPECT_EQ(done.error().message.find("setting"), std::string::npos) << done.error().message;
  const auto missing =
      execute("insert into video_tag (video_id, position, name, name_key) values (1, 0, 'a', 'a')");
  ASSERT_FALSE(missing) << "foreign keys are off";
  EXPECT_EQ(missing.error().code, ErrorCode::conflict);
}

TEST_P(DatabaseConformance, a_failed_statement_dooms_its_transaction) {
  put("a", "1");
  const auto done = database->write_blocking([](Session& session) -> Result<> {
    session.execute("insert into setting (key, value, updated_at) values ('b', '2', 1)");
    EXPECT_THROW(
        session.execute("insert into setting (key, value, updated_at) values ('a', '2', 1)"),
        DatabaseError);
    return {};
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::conflict);
  EXPECT_EQ(get("b"), std::nullopt);
}

TEST_P(DatabaseConformance, broken_sql_is_a_defect_of_ours) {
  const auto rows = query("select nothing from nowhere");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::internal);
  EXPECT_TRUE(query("select 1"));
}

TEST_P(DatabaseConformance, a_reader_sees_one_snapshot) {
  put("a", "1");
  const auto seen = database->read_blocking([&](Session& session) -> Result<std::string> {
    std::string values = session.query_one("select value from setting")->text(0);
    std::thread([&] { EXPECT_EQ(execute("update setting set value = '2'"), 1); }).join();
    values += session.query_one("select value from setting")->text(0);
    return values;
  });
  EXPECT_EQ(seen, "11");
  EXPECT_EQ(get("a"), "2");
}

TEST_P(DatabaseConformance, a_reader_cannot_write) {
  EXPECT_FALSE(database->read_blocking([](Session& session) -> Result<> {
    session.execute("insert into setting (key, value, updated_at) values ('a', 'b', 1)");
    return {};
  }));
  EXPECT_EQ(get("a"), std::nullopt);
}

TEST_P(DatabaseConformance, changed_rows_are_counted) {
  put("a", "1");
  put("b", "1");
  EXPECT_EQ(execute("update setting set value = '2' where value = :v", {"1"}), 2);
  EXPECT_EQ(execute("update setting set value = '3' where value = :v", {"1"}), 0);
  EXPECT_EQ(execute("delete from setting where key = 'a'"), 1);
}

TEST_P(DatabaseConformance, numbers_of_rows_never_come_back) {
  const auto add = [&] {
    return *database->write_blocking([](Session& session) -> Result<std::int64_t> {
      return session.insert(
          "insert into object_trash (store, object_key, due_at) values ('s', 'k', 1)"
          " returning id");
    });
  };
  const auto first = add();
  ASSERT_EQ(execute("delete from object_trash"), 1);
  EXPECT_GT(add(), first);
}

TEST_P(DatabaseConformance, more_statements_than_the_cache_holds) {
  for (int i = 0; i < 600; ++i) {
    const auto rows = query("select " + std::to_string(i) + " + :n", {1});
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_EQ(rows->front().integer(0), i + 1);
  }
}

TEST_P(DatabaseConformance, increments_from_many_threads_all_count) {
  ASSERT_EQ(execute("insert into setting (key, value, updated_at) values ('n', '', 0)"), 1);
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(execute("update setting set updated_at = updated_at + 1 where key = 'n'"), 1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(query("select updated_at from setting")->front().integer(0), 80);
}

TEST_P(DatabaseConformance, coroutines_get_their_answers) {
  io::Runtime runtime(2);
  runtime.run_until_done([](Database& db) -> io::Task<> {
    for (int i = 0; i < 20; ++i) {
      const auto written = co_await db.write([i](Session& session) -> Result<int> {
        session.execute("insert into setting (key, value, updated_at) values (:k, 'v', 1)",
                        {std::to_string(i)});
        return i;
      });
      EXPECT_EQ(written, i);
    }
    const auto count = co_await db.read([](Session& session) -> Result<std::int64_t> {
      return session.query_one("select count(*) from setting")->integer(0);
    });
    EXPECT_EQ(count, 20);
  }(*database));
}

TEST_P(DatabaseConformance, the_clock_is_about_now_and_can_be_replaced) {
  const auto now = [](Session& session) -> Result<UtcTime> { return db::now(session); };
  const auto here = SystemClock().now();
  const auto there = *database->read_blocking(now);
  EXPECT_LT(std::chrono::abs(there - here), Seconds{10});
}

TEST_P(DatabaseConformance, data_survive_a_restart_and_migrating_twice_changes_nothing) {
  put("a", "1");
  database.reopen();
  EXPECT_EQ(get("a"), "1");
}

TEST_P(DatabaseConformance, starters_at_the_same_time_wait_for_each_other) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      Metrics metrics;
      EXPECT_TRUE(Database::open(database.config(), metrics));
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace shoal::db
