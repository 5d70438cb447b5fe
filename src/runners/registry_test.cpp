#include "runners/registry.h"

#include <gtest/gtest.h>

#include "jobs/remote_lease.h"
#include "processing/pipeline/graph.h"
#include "runners/offers.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"

namespace shoal::runners {
namespace {

constexpr Seconds k_lease{30};

class Registry : public testing::TestWithParam<db::Engine> {
 protected:
  template <class Work>
  auto write(Work work) {
    return database->write_blocking(work);
  }
  std::string new_token() {
    return *write([&](db::Session& session) -> Result<std::string> {
      create_registration_token(session, random, clock->now());
      return list_registration_tokens(session, {}).items.front().token;
    });
  }
  Result<Registered> enter(const std::string& token, const std::string& name) {
    return write([&](db::Session& session) {
      return register_runner(session, random,
                             {.registration_token = token,
                              .name = name,
                              .description = std::nullopt,
                              .ip = "192.0.2.1"},
                             clock->now());
    });
  }
  JobId add_segment(std::size_t index) {
    return *write([&](db::Session& session) -> Result<JobId> {
      jobs::NewJob job;
      job.kind = processing::k_encode;
      job.video = VideoId{1};
      job.payload = fmt::format(R"({{"index":{}}})", index);
      return jobs::enqueue(session, job);
    });
  }
  std::size_t shown_to(RunnerId runner) {
    return *write([&](db::Session& session) -> Result<std::size_t> {
      return find_waiting(session, runner, JobType::segment, 10).size();
    });
  }
  std::optional<jobs::LeasedJob> take(RunnerId runner, JobId job) {
    return *write([&](db::Session& session) -> Result<std::optional<jobs::LeasedJob>> {
      return jobs::lease_job(session, Runner::worker_name(runner), job, k_lease);
    });
  }
  bool is_known(const std::string& token) {
    return *write([&](db::Session& session) -> Result<bool> {
      return find_runner(session, token).has_value();
    });
  }

  SystemRandom random;
  std::shared_ptr<tests::ManualClock> clock = std::make_shared<tests::ManualClock>();
  tests::TestDatabase database{GetParam(), clock};
};
SHOAL_ON_BOTH_ENGINES(Registry);

TEST_P(Registry, a_runner_is_known_by_its_token_which_is_stored_nowhere) {
  const auto made = enter(new_token(), "one");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(is_known(made->token));
  EXPECT_FALSE(is_known("ptrt-00000000-0000-4000-8000-000000000000"));
  const auto stored = write([&](db::Session& session) -> Result<std::string> {
    return session.query_one("select token_hash from runner")->text(0);
  });
  EXPECT_EQ(*stored, token_hash(made->token));
}

TEST_P(Registry, a_wrong_registration_token_and_a_taken_name_are_refused) {
  EXPECT_EQ(enter("ptrrt-no", "one").error().code, ErrorCode::not_found);
  const std::string token = new_token();
  EXPECT_TRUE(enter(token, "one"));
  EXPECT_EQ(enter(token, "one").error().code, ErrorCode::conflict);
  EXPECT_TRUE(enter(token, "two"));
}

TEST_P(Registry, who_is_removed_is_unknown_and_what_it_held_waits_again) {
  const std::string token = new_token();
  const auto one = enter(token, "one");
  const auto two = enter(token, "two");
  const JobId job = add_segment(0);
  ASSERT_TRUE(take(one->id, job));
  EXPECT_EQ(shown_to(two->id), 0);
  EXPECT_TRUE(write([&](db::Session& session) { return remove_runner(session, one->id); }));
  EXPECT_FALSE(is_known(one->token));
  EXPECT_EQ(shown_to(two->id), 1);
  EXPECT_EQ(
      write([&](db::Session& session) { return remove_runner(session, one->id); }).error().code,
      ErrorCode::not_found);
}

TEST_P(Registry, a_registration_token_takes_its_runners_along) {
  const auto one = enter(new_token(), "one");
  ASSERT_TRUE(take(one->id, add_segment(0)));
  EXPECT_TRUE(write([&](db::Session& session) {
    const auto tokens = list_registration_tokens(session, {});
    EXPECT_EQ(tokens.items.front().registered, 1);
    return delete_registration_token(session, tokens.items.front().id);
  }));
  EXPECT_FALSE(is_known(one->token));
  const auto two = enter(new_token(), "two");
  EXPECT_EQ(shown_to(two->id), 1);
}

TEST_P(Registry, who_failed_at_a_job_leaves_it_to_others_for_a_minute) {
  const std::string token = new_token();
  const auto one = enter(token, "one");
  const auto two = enter(token, "two");
  const JobId job = add_segment(0);
  add_segment(1);
  EXPECT_TRUE(write([&](db::Session& session) -> Result<> {
    note_failure(session, job, one->id);
    note_failure(session, job, one->id);
    EXPECT_FALSE(may_take(session, one->id, job));
    EXPECT_TRUE(may_take(session, two->id, job));
    return {};
  }));
  EXPECT_EQ(shown_to(one->id), 1);
  EXPECT_EQ(shown_to(two->id), 2);
  clock->advance(Seconds{61});
  EXPECT_EQ(shown_to(one->id), 2);
}

TEST_P(Registry, what_another_is_slow_with_is_shown_where_nothing_waits) {
  const std::string token = new_token();
  const auto slow = enter(token, "slow");
  const auto quick = enter(token, "quick");
  const JobId last = add_segment(0);
  for (std::size_t i = 1; i < 4; ++i) {
    const auto job = take(quick->id, add_segment(i));
    clock->advance(Seconds{5});
    EXPECT_TRUE(write([&](db::Session& session) { return jobs::complete(session, *job); }));
  }
  ASSERT_TRUE(take(slow->id, last));
  EXPECT_EQ(shown_to(quick->id), 0);
  clock->advance(Seconds{20});
  EXPECT_EQ(shown_to(quick->id), 1);
  EXPECT_EQ(shown_to(slow->id), 0);
  EXPECT_TRUE(write([&](db::Session& session) -> Result<> {
    EXPECT_TRUE(may_take(session, quick->id, last));
    EXPECT_FALSE(may_take(session, slow->id, last));
    note_failure(session, last, quick->id);
    EXPECT_FALSE(may_take(session, quick->id, last));
    return {};
  }));
}

TEST_P(Registry, a_job_is_found_in_every_state) {
  const auto one = enter(new_token(), "one");
  const JobId job = add_segment(3);
  const auto state = [&] {
    return write([&](db::Session& session) -> Result<RunnerJob> {
             EXPECT_EQ(list_jobs(session, 0, 10, true).total, 1);
             EXPECT_EQ(list_jobs(session, 0, 10, true).jobs.front().index, 3);
             return *find_job(session, job);
           })
        ->state;
  };
  EXPECT_EQ(state(), JobState::pending);
  const auto taken = take(one->id, job);
  EXPECT_EQ(state(), JobState::processing);
  EXPECT_TRUE(write([&](db::Session& session) -> Result<> {
    EXPECT_EQ(find_holder(session, *find_job(session, job)->worker)->name, "one");
    return jobs::complete(session, *taken);
  }));
  EXPECT_EQ(state(), JobState::completed);
}

}  // namespace
}  // namespace shoal::runners
