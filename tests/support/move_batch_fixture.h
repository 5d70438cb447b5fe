#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "storage/moves/move_batches.h"
#include "tests/support/moves_fixture.h"

namespace shoal::storage {

/// Batches of moves from "near" to "far".
class MoveBatchFixture : public tests::MoveTest {
 protected:
  void SetUp() override { register_stores(); }
  void add_files(int count) {
    for (int n = 0; n < count; ++n)
      files_of_all.push_back(add_file("file-" + std::to_string(n), tests::bytes_of(n, 1000), near));
  }
  MoveBatchId create(int parallel = 2, std::uint64_t rate_limit = 0) {
    return write([&](db::Session& session) {
      return create_move_batch(session, {.from = "near",
                                         .to = "far",
                                         .filter = {},
                                         .rate_limit = rate_limit,
                                         .parallel = parallel});
    });
  }
  MoveBatchId create_copies() {
    return write([&](db::Session& session) {
      return create_move_batch(session,
                               {.from = "near", .to = "far", .filter = {}, .keeps_source = true});
    });
  }
  /// What a runner does with one of its places, until no job waits.
  io::Task<> run_all(FileMover& mover) {
    while (const auto job = lease()) {
      jobs::JobContext context(*job, *database, progress);
      EXPECT_TRUE(co_await mover.run(*job, context));
    }
  }
  MoveProgress progress_of(MoveBatchId id) {
    return write([&](db::Session& session) -> Result<MoveProgress> {
      return *find_move_batch(session, id);
    });
  }
  /// One run of the batch's watch.
  void watch() {
    const auto job = lease(k_watch_batch);
    ASSERT_TRUE(job);
    const auto done = run(*job);
    ASSERT_TRUE(done) << done.error().message;
  }
  std::int64_t queued() { return number("select count(*) from job where kind = 'move-file'"); }
  /// One file's job as the runner does it, with what it does about a failure. False: none waits.
  bool step() {
    const auto job = lease();
    if (!job) return false;
    const auto outcome = run(*job);
    if (outcome) return true;
    write([&](db::Session& session) -> Result<> {
      TRY(const bool ended, jobs::fail_attempt(session, *job, outcome.error().message, true));
      EXPECT_TRUE(ended);
      end_move_item(session, *parse_move(job->payload), ItemEnd::failed, outcome.error().message);
      return {};
    });
    return true;
  }
  int run_to_the_end() {
    int steps = 0;
    while (step()) ++steps;
    return steps;
  }
  template <class Work>
  Result<> change(Work work) {
    return database->write_blocking(
        [&](db::Session& session) -> Result<> { return work(session); });
  }
  int count_in(const std::string& store) {
    return static_cast<int>(
        number("select count(*) from placement where state = 2 and store = '" + store + "'"));
  }

  std::vector<FileId> files_of_all;
};

/// Both databases, stores in memory: what batches do is the same for all.
inline std::vector<tests::MoveShape> batch_shapes() {
  using tests::StoreKind;
  return {{db::Engine::sqlite, StoreKind::memory, StoreKind::memory},
          {db::Engine::postgresql, StoreKind::memory, StoreKind::memory}};
}

}  // namespace shoal::storage
