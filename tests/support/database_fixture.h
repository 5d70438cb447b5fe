#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "base/check.h"
#include "base/metrics.h"
#include "db/database.h"
#include "tests/support/postgres.h"
#include "tests/support/temporary_directory.h"

namespace shoal::tests {

/// A database of its own with today's schema, empty; gone at the end. One thread makes and drops
/// it.
class TestDatabase {
 public:
  /// `clock` replaces the database's clock where given.
  explicit TestDatabase(db::Engine engine, std::shared_ptr<const Clock> clock = nullptr) {
    config_.engine = engine;
    config_.clock = std::move(clock);
    if (engine == db::Engine::sqlite) {
      folder_.emplace();
      config_.sqlite_path = (folder_->path() / "test.db").string();
    } else {
      name_ = PostgresServer::instance().create_database();
      config_.postgresql_url = PostgresServer::instance().url(name_);
    }
    open();
  }
  ~TestDatabase() {
    database_.reset();
    if (!name_.empty()) PostgresServer::instance().drop_database(name_);
  }
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  db::Database& operator*() const { return *database_; }
  db::Database* operator->() const { return database_.get(); }
  const db::DatabaseConfig& config() const { return config_; }
  Metrics& metrics() { return metrics_; }

  /// As after a restart of the program.
  void reopen() {
    database_.reset();
    open();
  }

 private:
  void open() {
    auto opened = db::Database::open(config_, metrics_);
    if (!opened) ADD_FAILURE() << opened.error().message;
    SHOAL_CHECK(opened.has_value());
    database_ = *std::move(opened);
  }

  db::DatabaseConfig config_;
  std::optional<TemporaryDirectory> folder_;
  std::string name_;
  Metrics metrics_;
  std::unique_ptr<db::Database> database_;
};

/// Base of a suite that runs on both engines:
///   class QueueTest : public tests::DatabaseTest {};
///   SHOAL_ON_BOTH_ENGINES(QueueTest);
///   TEST_P(QueueTest, …) { database->write_blocking(…); }
class DatabaseTest : public testing::TestWithParam<db::Engine> {
 protected:
  explicit DatabaseTest(std::shared_ptr<const Clock> clock = nullptr)
      : database(GetParam(), std::move(clock)) {}
  TestDatabase database;
};

inline std::string engine_name(const testing::TestParamInfo<db::Engine>& parameter) {
  return parameter.param == db::Engine::sqlite ? "sqlite" : "postgresql";
}

#define SHOAL_ON_BOTH_ENGINES(suite)                                                             \
  INSTANTIATE_TEST_SUITE_P(                                                                      \
      Engines, suite, testing::Values(shoal::db::Engine::sqlite, shoal::db::Engine::postgresql), \
      shoal::tests::engine_name)

}  // namespace shoal::tests
