// What only SQLite has: the log, the backup, its files.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "db/connection.h"
#include "db/database.h"
#include "tests/support/database_fixture.h"

namespace shoal::db {
namespace {

namespace fs = std::filesystem;

class Sqlite : public testing::Test {
 protected:
  Result<> put(const std::string& key, const std::string& value) {
    return database->write_blocking([&](Session& session) -> Result<> {
      session.execute("insert into setting (key, value, updated_at) values (:k, :v, 1)",
                      {key, value});
      return {};
    });
  }
  Result<> put_ten(int batch, const std::string& value) {
    return database->write_blocking([&](Session& session) -> Result<> {
      for (int i = 0; i < 10; ++i) {
        session.execute("insert into setting (key, value, updated_at) values (:k, :v, 1)",
                        {std::to_string(10 * batch + i), value});
      }
      return {};
    });
  }
  std::uintmax_t log_size() const { return fs::file_size(database.config().sqlite_path + "-wal"); }

  tests::TestDatabase database{Engine::sqlite};
};

TEST_F(Sqlite, every_commit_is_synced) {
  const auto level = database->write_blocking([](Session& session) -> Result<std::string> {
    return session.query_one("pragma synchronous")->text(0) +
           session.query_one("pragma journal_mode")->text(0);
  });
  EXPECT_EQ(level, "2wal");
}

TEST_F(Sqlite, the_log_starts_over_while_readers_come_and_go) {
  const std::string page(4000, 'x');
  for (int i = 0; i < 400; ++i) ASSERT_TRUE(put_ten(i, page));
  // 16 MB of rows went through it; without checkpoints it would hold more than that.
  EXPECT_LT(log_size(), 8u << 20);
}

TEST_F(Sqlite, a_long_reader_keeps_its_snapshot_and_the_log_recovers_after_it) {
  const std::string page(4000, 'x');
  ASSERT_TRUE(put("first", page));
  const auto seen = database->read_blocking([&](Session& session) -> Result<std::int64_t> {
    (void)session.query("select count(*) from setting");
    for (int i = 0; i < 150; ++i) EXPECT_TRUE(put_ten(i, page));
    return session.query_one("select count(*) from setting")->integer(0);
  });
  EXPECT_EQ(seen, 1);
  const auto grown = log_size();
  for (int i = 200; i < 350; ++i) ASSERT_TRUE(put_ten(i, page));
  EXPECT_LE(log_size(), grown + (8u << 20));
}

TEST_F(Sqlite, a_writer_that_waits_too_long_is_busy) {
  SqliteSettings settings;
  settings.path = database.config().sqlite_path;
  settings.busy_timeout = Milliseconds{20};
  const auto other = connect_sqlite(settings);
  const auto done = database->write_blocking([&](Session& session) -> Result<> {
    session.execute("insert into setting (key, value, updated_at) values ('a', 'b', 1)");
    try {
      other->begin(true);
    } catch (const DatabaseError& error) {
      return fail(error.code, error.what());
    }
    return {};
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::busy);
}

TEST_F(Sqlite, a_backup_can_be_opened_and_overwrites_nothing) {
  ASSERT_TRUE(put("a", "1"));
  const std::string copy = database.config().sqlite_path + ".backup";
  ASSERT_TRUE(database->backup_to(copy));
  EXPECT_EQ(database->backup_to(copy).error().code, ErrorCode::conflict);
  DatabaseConfig config = database.config();
  config.sqlite_path = copy;
  Metrics metrics;
  auto restored = Database::open(config, metrics);
  ASSERT_TRUE(restored);
  const auto value = (*restored)->read_blocking([](Session& session) -> Result<std::string> {
    return session.query_one("select value from setting where key = 'a'")->text(0);
  });
  EXPECT_EQ(value, "1");
}

TEST(SqliteFile, one_that_is_no_database_is_corrupt) {
  const tests::TemporaryDirectory folder;
  DatabaseConfig config;
  config.sqlite_path = (folder.path() / "shoal.db").string();
  std::ofstream(config.sqlite_path) << std::string(5000, '?');
  Metrics metrics;
  const auto opened = Database::open(config, metrics);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
}

TEST(SqliteFile, a_missing_folder_is_unavailable) {
  DatabaseConfig config;
  config.sqlite_path = "/nonexistent/folder/shoal.db";
  Metrics metrics;
  const auto opened = Database::open(config, metrics);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
}

TEST(SqliteFile, a_path_with_spaces_and_quotes_is_a_path) {
  const tests::TemporaryDirectory folder;
  const fs::path odd = folder.path() / "a b=c 'd";
  fs::create_directory(odd);
  DatabaseConfig config;
  config.sqlite_path = (odd / "shoal.db").string();
  Metrics metrics;
  ASSERT_TRUE(Database::open(config, metrics));
  EXPECT_TRUE(fs::exists(config.sqlite_path));
}

}  // namespace
}  // namespace shoal::db
