#include "app/housekeeping.h"

#include <gtest/gtest.h>

#include "blob/memory_store.h"
#include "jobs/queue.h"
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
  /// An old job, and an object that is due in the trash.
  void add_garbage() {
    register_store();
    write([this](db::Session& session) {
      session.execute(
          "insert into job_history (id, kind, payload, priority, outcome, attempt, created_at,"
          " finished_at) values (1, 'k', '{}', 1, 1, 1, 1, 1)");
      ASSERT_TRUE(storage::announce_object(session, "local", "k", clock.now()));
    });
    clock.advance(storage::k_unrecorded_for + Seconds{1});
  }
  void write(const std::function<void(db::Session&)>& work) {
    ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
      work(session);
      return {};
    }));
  }
  void register_store() {
    write([](db::Session& session) {
      session.execute(
          "insert into store (name, store_id, generation, registered_at) "
          "values ('local', 'id', 1, 1)");
    });
  }
  std::int64_t count(const std::string& table) {
    return *database->read_blocking([&](db::Session& session) -> Result<std::int64_t> {
      return session.query_one("select count(*) from " + table)->integer(0);
    });
  }
  io::Runtime runtime{1};
  blob::MemoryStore store{"local", clock};
  /// As a node of a cluster knows it: nothing while it is another's turn.
  std::optional<db::Fence> turn = db::unfenced();
  Housekeeping housekeeping{runtime.executor(0),
                            {*database,
                             context(),
                             [this](std::string_view) -> blob::BlobStore* { return &store; },
                             {},
                             [this] { return turn; }}};
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

TEST_P(HousekeepingTest, a_kind_of_jobs_that_nobody_does_is_told_until_somebody_does) {
  const auto told = [this] { return context().metrics.sum("shoal_jobs_stranded"); };
  const auto add = [this](const char* kind) {
    write([&](db::Session& session) {
      jobs::NewJob job;
      job.kind = kind;
      jobs::enqueue(session, job);
      session.execute("update job set created_at = created_at - 600000");
    });
  };
  add("video-encode");
  run(&Housekeeping::look_for_stranded_jobs);
  EXPECT_EQ(told(), 1);
  write([](db::Session& session) { jobs::introduce(session, "w", {"video-encode"}); });
  run(&Housekeeping::look_for_stranded_jobs);
  EXPECT_EQ(told(), 0);
  add("video-audio");
  run(&Housekeeping::look_for_stranded_jobs);
  EXPECT_EQ(told(), 1);
  turn.reset();
  run(&Housekeeping::look_for_stranded_jobs);
  EXPECT_EQ(told(), 0) << "another node tells it";
}

TEST_P(HousekeepingTest, what_is_everybodys_is_left_to_the_node_whose_turn_it_is) {
  add_garbage();
  turn.reset();
  for (const auto duty : {&Housekeeping::prune, &Housekeeping::empty_trash_in_turn,
                          &Housekeeping::publish_scheduled, &Housekeeping::collect_leftovers})
    run(duty);
  EXPECT_EQ(count("job_history"), 1);
  EXPECT_EQ(count("object_trash"), 1);
  run(&Housekeeping::empty_trash);
  EXPECT_EQ(count("object_trash"), 0) << "what left the public waits for nobody's turn";
}

TEST_P(HousekeepingTest, who_lost_its_turn_since_it_looked_writes_nothing) {
  add_garbage();
  turn = [](db::Session&) -> Result<> { return fail(ErrorCode::conflict, "lost"); };
  runtime.run_until_done([](Housekeeping& keeper) -> io::Task<> {
    const auto pruned = co_await keeper.prune();
    EXPECT_FALSE(pruned);
    if (!pruned) EXPECT_EQ(pruned.error().code, ErrorCode::conflict);
    EXPECT_FALSE(co_await keeper.collect_leftovers());
  }(housekeeping));
  EXPECT_EQ(count("job_history"), 1);
}

TEST_P(HousekeepingTest, all_due_trash_goes_in_one_round) {
  register_store();
  write([this](db::Session& session) {
    for (int i = 0; i < 450; ++i)
      ASSERT_TRUE(storage::announce_object(session, "local", fmt::format("k/{}", i), clock.now()));
  });
  clock.advance(storage::k_unrecorded_for + Seconds{1});
  run(&Housekeeping::empty_trash);
  EXPECT_EQ(count("object_trash"), 0);
}

TEST_P(HousekeepingTest, nothing_is_deleted_where_the_database_is_older_than_the_store) {
  register_store();
  run(&Housekeeping::empty_trash);
  const auto put = [this](const std::string& key) {
    runtime.run_until_done([](blob::MemoryStore& to, std::string name) -> io::Task<> {
      EXPECT_TRUE(co_await to.put_bytes(std::move(name), "bytes", {}));
    }(store, key));
  };
  put("k");
  put("shoal-ledger/000000000009");  // of a later life of the database
  write([this](db::Session& session) {
    ASSERT_TRUE(storage::announce_object(session, "local", "k", clock.now()));
  });
  clock.advance(storage::k_unrecorded_for + Seconds{1});
  run(&Housekeeping::empty_trash);
  EXPECT_EQ(count("object_trash"), 1);
  write([](db::Session& session) { ASSERT_TRUE(storage::confirm_store(session, "local")); });
  clock.advance(std::chrono::hours{2});
  run(&Housekeeping::empty_trash);
  EXPECT_EQ(count("object_trash"), 0);
}

}  // namespace
}  // namespace shoal::app
