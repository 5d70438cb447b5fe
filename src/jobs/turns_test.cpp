// Who goes next where many wait: owners take turns.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "jobs/queue.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"

namespace shoal::jobs {
namespace {

constexpr Seconds k_lease{300};
constexpr AccountId k_many{1};
constexpr AccountId k_few{2};
constexpr AccountId k_other{3};

class Turns : public testing::TestWithParam<db::Engine> {
 protected:
  template <class Work>
  auto write(Work work) {
    auto result = database->write_blocking(
        [&](db::Session& session) -> Result<decltype(work(session))> { return work(session); });
    EXPECT_TRUE(result) << result.error().message;
    return *std::move(result);
  }
  void add(std::optional<AccountId> owner, int count, int priority = Priority::upload) {
    write([&](db::Session& session) {
      NewJob job;
      job.kind = "a";
      job.owner = owner;
      job.priority = priority;
      for (int i = 0; i < count; ++i) owners[enqueue(session, job)] = owner.value_or(AccountId{0});
      return true;
    });
  }
  std::optional<LeasedJob> lease() {
    return write([&](db::Session& session) { return lease_next(session, "w", {"a"}, k_lease); });
  }
  void finish(const LeasedJob& job) {
    write([&](db::Session& session) { return complete(session, job).has_value(); });
  }
  /// Who is served by the next `count` leases.
  std::vector<AccountId> serve(int count) {
    std::vector<AccountId> served;
    for (int i = 0; i < count; ++i) {
      const auto job = lease();
      if (!job) break;
      served.push_back(owners.at(job->id));
      finish(*job);
    }
    return served;
  }

  std::shared_ptr<tests::ManualClock> clock = std::make_shared<tests::ManualClock>();
  tests::TestDatabase database{GetParam(), clock};
  std::map<JobId, AccountId> owners;
};
SHOAL_ON_BOTH_ENGINES(Turns);

TEST_P(Turns, owners_take_turns_whoever_added_more) {
  add(k_many, 3);
  add(k_few, 2);
  add(k_other, 1);
  const std::vector<AccountId> expected{k_many, k_few, k_other, k_many, k_few, k_many};
  EXPECT_EQ(serve(7), expected);
}

TEST_P(Turns, the_jobs_of_nobody_take_turns_with_those_of_owners) {
  add(std::nullopt, 3);
  add(k_few, 1);
  const std::vector<AccountId> expected{AccountId{0}, k_few, AccountId{0}, AccountId{0}};
  EXPECT_EQ(serve(4), expected);
}

TEST_P(Turns, a_smaller_priority_goes_before_any_turn) {
  add(k_few, 1, Priority::upload);
  add(k_many, 3, Priority::first_segments);
  const std::vector<AccountId> expected{k_many, k_many, k_many, k_few};
  EXPECT_EQ(serve(4), expected);
}

TEST_P(Turns, who_comes_late_has_no_credit_for_the_time_before) {
  add(k_many, 60);
  serve(50);
  add(k_few, 3);
  const std::vector<AccountId> expected{k_many, k_few, k_many, k_few, k_many, k_few, k_many};
  EXPECT_EQ(serve(7), expected);
}

TEST_P(Turns, who_adds_one_after_the_other_does_not_starve_who_waits) {
  add(k_many, 5);
  add(k_few, 1);
  std::vector<AccountId> served;
  for (int i = 0; i < 6; ++i) {
    served.push_back(serve(1).front());
    if (served.back() == k_few) add(k_few, 1);
  }
  EXPECT_EQ(std::ranges::count(served, k_many), 3);
}

TEST_P(Turns, a_job_that_is_given_back_is_next_again) {
  add(k_many, 3);
  const auto first = lease();
  add(k_few, 1);
  write([&](db::Session& session) { return release(session, *first).has_value(); });
  EXPECT_EQ(lease()->id, first->id);
}

TEST_P(Turns, one_upload_beside_two_hundred_of_another_user_waits_for_seconds) {
  constexpr int k_workers = 2;
  constexpr int k_segments = 4;
  constexpr Seconds k_segment{10};
  add(k_many, 200 * k_segments);
  serve(10);
  add(k_few, k_segments);
  const UtcTime begun = clock->now();
  int left = k_segments;
  while (left > 0) {
    std::vector<LeasedJob> running;
    running.reserve(k_workers);
    for (int i = 0; i < k_workers; ++i) running.push_back(*lease());
    clock->advance(k_segment);
    for (const LeasedJob& job : running) {
      left -= owners.at(job.id) == k_few ? 1 : 0;
      finish(job);
    }
  }
  // Half of the two workers; in the order of arrival it would be more than an hour.
  EXPECT_LE(clock->now() - begun, k_segment * k_segments);
}

}  // namespace
}  // namespace shoal::jobs
