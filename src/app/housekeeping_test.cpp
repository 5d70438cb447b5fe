#include "app/housekeeping.h"

#include <gtest/gtest.h>

#include "blob/memory_store.h"
#include "storage/files.h"
#include "tests/support/api_fixture.h"

namespace shoal::app {
namespace {

class HousekeepingTest : public tests::ApiTest {
 protected:
  void run(io::Task<Result<>> (Housekeeping::*duty)()) {
    runtime.run_until_done(
        [](Housekeeping& keeper, io::Task<Result<>> (Housekeeping::*one)()) -> io::Task<> {
          EXPECT_TRUE(co_await (keeper.*one)());
        }(housekeeping, duty));
  }
  void write(const std::function<void(db::Session&)>& work) {
    ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
      work(session);
      return {};
    }));
  }
  std::int64_t count(const std::string& table) {
    return *database->read_blocking([&](db::Session& session) -> Result<std::int64_t> {
      return session.query_one("select count(*) from " + table)->integer(0);
    });
  }
  io::Runtime runtime{1};
  blob::MemoryStore store{"local", clock};
  Housekeeping housekeeping{
      runtime.executor(0),
      {*database, context(), [this](std::string_view) -> blob::BlobStore* { return &store; }}};
};
SHOAL_ON_BOTH_ENGINES(HousekeepingTest);

TEST_P(HousekeepingTest, all_old_history_goes_in_one_round) {
  write([](db::Session& session) {
    for (int i = 1; i <= 2500; ++i)
      session.execute(
          "insert into job_history (id, kind, payload, priority, outcome, attempt, created_at,"
          " finished_at) values (:id, 'k', '{}', 1, 1, 1, 1, 1)",
          {i});
  });
  run(&Housekeeping::prune);
  EXPECT_EQ(count("job_history"), 0);
}

TEST_P(HousekeepingTest, all_due_trash_goes_in_one_round) {
  write([this](db::Session& session) {
    for (int i = 0; i < 450; ++i)
      ASSERT_TRUE(storage::announce_object(session, "local", fmt::format("k/{}", i), clock.now()));
  });
  clock.advance(storage::k_unrecorded_for + Seconds{1});
  run(&Housekeeping::empty_trash);
  EXPECT_EQ(count("object_trash"), 0);
}

}  // namespace
}  // namespace shoal::app
