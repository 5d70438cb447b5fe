#include "jobs/remote_lease.h"

#include <gtest/gtest.h>

#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"

namespace shoal::jobs {
namespace {

constexpr Seconds k_lease{30};

class RemoteLease : public testing::TestWithParam<db::Engine> {
 protected:
  template <class Work>
  auto write(Work work) {
    auto result = database->write_blocking(
        [&](db::Session& session) -> Result<decltype(work(session))> { return work(session); });
    EXPECT_TRUE(result) << result.error().message;
    return *std::move(result);
  }
  JobId add() {
    return write([](db::Session& session) {
      NewJob job;
      job.kind = "a";
      return enqueue(session, job);
    });
  }
  std::optional<LeasedJob> take(JobId job, std::string_view worker = "runner:1") {
    return write([&](db::Session& session) { return lease_job(session, worker, job, k_lease); });
  }
  std::optional<LeasedJob> take_locally() {
    return write([](db::Session& session) { return lease_next(session, "w", {"a"}, k_lease); });
  }
  Result<> extend_it(const LeasedJob& job) {
    return database->write_blocking(
        [&](db::Session& session) -> Result<> { return extend(session, job, k_lease); });
  }

  std::shared_ptr<tests::ManualClock> clock = std::make_shared<tests::ManualClock>();
  tests::TestDatabase database{GetParam(), clock};
};
SHOAL_ON_BOTH_ENGINES(RemoteLease);

TEST_P(RemoteLease, a_job_is_leased_to_one_worker_only) {
  const JobId job = add();
  const auto taken = take(job);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->attempt, 1);
  EXPECT_FALSE(take(job, "runner:2"));
  EXPECT_FALSE(take_locally());
  EXPECT_FALSE(take(JobId{job.value + 1}));
}

TEST_P(RemoteLease, a_job_that_is_put_off_is_not_leased_before_its_time) {
  const JobId job = add();
  const auto taken = take(job);
  EXPECT_EQ(
      write([&](db::Session& session) { return *fail_attempt(session, *taken, "no", false); }),
      false);
  EXPECT_FALSE(take(job));
  clock->advance(Seconds{2});
  EXPECT_TRUE(take(job));
}

TEST_P(RemoteLease, lasts_while_it_is_extended_and_then_goes_to_whoever_asks) {
  const JobId job = add();
  const auto taken = take(job);
  for (int i = 0; i < 4; ++i) {
    clock->advance(k_lease - Seconds{1});
    EXPECT_FALSE(take_locally());
    EXPECT_TRUE(extend_it(*taken));
  }
  clock->advance(k_lease);
  const auto other = take_locally();
  ASSERT_TRUE(other);
  EXPECT_EQ(other->id, job);
  EXPECT_EQ(extend_it(*taken).error().code, ErrorCode::conflict);
  EXPECT_FALSE(
      write([&](db::Session& session) { return find_lease(session, {taken->id, taken->fence}); }));
}

TEST_P(RemoteLease, outlives_a_restart_of_the_server) {
  const auto taken = take(add());
  write([](db::Session& session) {
    reclaim_all(session);
    return true;
  });
  EXPECT_TRUE(extend_it(*taken));
}

TEST_P(RemoteLease, what_a_worker_that_is_gone_held_waits_again_without_counting) {
  const JobId job = add();
  const auto other = take(add(), "runner:2");
  const auto taken = take(job);
  write([](db::Session& session) {
    release_all(session, "runner:1");
    return true;
  });
  EXPECT_EQ(extend_it(*taken).error().code, ErrorCode::conflict);
  EXPECT_TRUE(extend_it(*other));
  const auto again = take(job, "runner:3");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->attempt, 1);
  EXPECT_GT(again->fence, taken->fence);
}

}  // namespace
}  // namespace shoal::jobs
