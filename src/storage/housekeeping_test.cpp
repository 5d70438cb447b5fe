#include "storage/housekeeping.h"

#include <gtest/gtest.h>

#include "blob/memory_store.h"
#include "jobs/list.h"
#include "jobs/queue.h"
#include "storage/files.h"
#include "storage/local_staging.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"
#include "tests/support/upload_fixture.h"
#include "tests/support/volatile_file_system.h"

namespace shoal::storage {
namespace {

class HousekeepingTest : public testing::TestWithParam<db::Engine> {
 protected:
  HousekeepingConfig config(const std::string& node) {
    HousekeepingConfig settings;
    settings.node = node;
    return settings;
  }
  std::unique_ptr<Housekeeping> make(const std::string& node) {
    return std::make_unique<Housekeeping>(
        runtime.executor(0), *database, staging,
        [this](std::string_view) -> blob::BlobStore* { return &store; }, *clock, metrics,
        config(node));
  }
  /// An object in the trash, and a job that ended.
  void leave_litter() {
    ASSERT_TRUE(tests::wait(runtime, store.put_bytes("old", "bytes")));
    ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
      trash_object(session, "memory", "old", clock->now());
      jobs::NewJob job;
      job.kind = "a";
      jobs::enqueue(session, job);
      const auto leased = jobs::lease_next(session, "w", {"a"}, Seconds{30});
      return jobs::complete(session, *leased);
    }));
  }
  bool has_object() { return tests::wait(runtime, store.status("old")).has_value(); }
  std::int64_t jobs_listed() {
    return *database->read_blocking([](db::Session& session) -> Result<std::int64_t> {
      return jobs::list_jobs(session, {}).total;
    });
  }
  void run(Housekeeping& housekeeping) { runtime.run_until_done(housekeeping.run_once()); }

  std::shared_ptr<tests::ManualClock> clock = std::make_shared<tests::ManualClock>();
  tests::TestDatabase database{GetParam(), clock};
  tests::VolatileFileSystem files;
  io::Offload disk{"disk", 1, 16};
  SeededRandom random{1};
  io::Runtime runtime{1};
  Metrics metrics;
  blob::MemoryStore store{"memory", *clock};
  LocalStaging staging{
      files.root(),  *database, files,
      disk,          random,    [](db::Session&, UserId, std::uint64_t) -> Result<> { return {}; },
      UploadLimits{}};
};
SHOAL_ON_BOTH_ENGINES(HousekeepingTest);

TEST_P(HousekeepingTest, what_is_over_goes_and_what_is_not_stays) {
  leave_litter();
  const auto housekeeping = make("a");
  clock->advance(Seconds{10});
  run(*housekeeping);
  EXPECT_FALSE(has_object());
  EXPECT_EQ(jobs_listed(), 1);
  clock->advance(std::chrono::days(8));
  run(*housekeeping);
  EXPECT_EQ(jobs_listed(), 0);
}

TEST_P(HousekeepingTest, one_node_has_the_duty_until_its_lease_is_over) {
  const auto first = make("a");
  const auto second = make("b");
  run(*first);
  leave_litter();
  clock->advance(Seconds{10});
  run(*second);
  EXPECT_TRUE(has_object());
  clock->advance(Seconds{600});
  run(*second);
  EXPECT_FALSE(has_object());
}

TEST_P(HousekeepingTest, it_stops_while_it_waits) {
  const auto housekeeping = make("a");
  housekeeping->start();
  runtime.run_until_done(housekeeping->stop());
}

}  // namespace
}  // namespace shoal::storage
