#include "jobs/queue.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"

namespace shoal::jobs {
namespace {

constexpr Seconds k_lease{30};

class Queue : public testing::TestWithParam<db::Engine> {
 protected:
  template <class Work>
  auto write(Work work) {
    auto result = database->write_blocking(
        [&](db::Session& session) -> Result<decltype(work(session))> { return work(session); });
    EXPECT_TRUE(result) << result.error().message;
    return *std::move(result);
  }
  JobId add(NewJob job) {
    return write([&](db::Session& session) { return enqueue(session, job); });
  }
  JobId add(std::string kind, std::vector<JobId> after = {}, int priority = 100) {
    NewJob job;
    job.kind = std::move(kind);
    job.after = std::move(after);
    job.priority = priority;
    return add(job);
  }
  std::optional<LeasedJob> lease(const std::string& worker = "w",
                                 std::vector<std::string> kinds = {"a", "b", "c"}) {
    return write([&](db::Session& session) { return lease_next(session, worker, kinds, k_lease); });
  }
  Result<> finish(const LeasedJob& job) {
    return database->write_blocking(
        [&](db::Session& session) -> Result<> { return complete(session, job); });
  }
  Result<bool> give_up(const LeasedJob& job, std::string_view error = "bad",
                       bool permanent = false) {
    return database->write_blocking([&](db::Session& session) -> Result<bool> {
      return fail_attempt(session, job, error, permanent);
    });
  }
  std::vector<LeaseKey> beat(const std::string& worker) {
    return write([&](db::Session& session) { return heartbeat(session, worker, k_lease); });
  }
  std::string outcome(JobId job) {
    return write([&](db::Session& session) -> std::string {
      const auto row =
          session.query_one("select outcome, error from job_history where id = :id", {job});
      return row ? row->text(0) + ":" + row->text(1) : "";
    });
  }

  std::shared_ptr<tests::ManualClock> clock = std::make_shared<tests::ManualClock>();
  tests::TestDatabase database{GetParam(), clock};
};
SHOAL_ON_BOTH_ENGINES(Queue);

TEST_P(Queue, the_smallest_priority_goes_first_then_the_oldest) {
  const auto late = add("a", {}, 100);
  const auto first = add("b", {}, 20);
  const auto second = add("a", {}, 20);
  EXPECT_EQ(lease()->id, first);
  EXPECT_EQ(lease()->id, second);
  EXPECT_EQ(lease()->id, late);
  EXPECT_FALSE(lease());
}

TEST_P(Queue, one_like_it_that_waits_is_due_at_once_and_one_that_has_begun_is_not) {
  NewJob job;
  job.kind = "a";
  job.payload = "7";
  job.run_after = clock->now() + Seconds{60};
  const auto hastened = [&](const NewJob& wanted) {
    return write([&](db::Session& session) { return hasten(session, wanted); });
  };
  EXPECT_FALSE(hastened(job));
  const JobId id = add(job);
  NewJob other = job;
  other.payload = "8";
  EXPECT_FALSE(hastened(other));
  EXPECT_FALSE(lease());
  EXPECT_TRUE(hastened(job));
  EXPECT_EQ(lease()->id, id);
  EXPECT_FALSE(hastened(job));
}

TEST_P(Queue, asking_is_a_heartbeat_only_where_the_last_one_is_not_fresh) {
  const auto beat_at = [&] {
    return write([&](db::Session& session) {
      return session.query_one("select heartbeat_at from worker where name = 'w'")->time(0);
    });
  };
  EXPECT_FALSE(lease());
  const UtcTime first = beat_at();
  clock->advance(Seconds{1});
  EXPECT_FALSE(lease());
  EXPECT_EQ(beat_at(), first);
  clock->advance(k_lease / 6);
  EXPECT_FALSE(lease());
  EXPECT_EQ(beat_at(), clock->now());
}

TEST_P(Queue, only_kinds_that_were_asked_for_are_leased) {
  add("a");
  EXPECT_FALSE(lease("w", {"b"}));
  EXPECT_FALSE(lease("w", {}));
  const auto job = lease("w", {"b", "c", "a"});
  ASSERT_TRUE(job);
  EXPECT_EQ(job->kind, "a");
  EXPECT_EQ(job->attempt, 1);
}

TEST_P(Queue, a_job_runs_when_all_that_it_needs_is_done) {
  const auto a = add("a");
  const auto b = add("b");
  const auto c = add("c", {a, b});
  const auto first = lease();
  const auto second = lease();
  EXPECT_FALSE(lease());
  ASSERT_TRUE(finish(*first));
  EXPECT_FALSE(lease());
  ASSERT_TRUE(finish(*second));
  EXPECT_EQ(lease()->id, c);
}

TEST_P(Queue, what_is_done_already_is_not_waited_for) {
  const auto a = add("a");
  ASSERT_TRUE(finish(*lease()));
  const auto b = add("b", {a});
  EXPECT_EQ(lease()->id, b);
  EXPECT_EQ(outcome(a), "1:");
}

TEST_P(Queue, needs_that_complete_at_the_same_time_unblock) {
  for (int round = 0; round < 10; ++round) {
    const auto a = add("a");
    const auto b = add("a");
    const auto c = add("c", {a, b});
    const auto first = lease();
    const auto second = lease();
    std::thread other([&] { EXPECT_TRUE(finish(*first)); });
    EXPECT_TRUE(finish(*second));
    other.join();
    const auto last = lease();
    ASSERT_TRUE(last);
    EXPECT_EQ(last->id, c);
    ASSERT_TRUE(finish(*last));
  }
}

TEST_P(Queue, a_need_that_completes_while_its_dependent_is_enqueued_unblocks) {
  for (int round = 0; round < 10; ++round) {
    const auto a = add("a");
    const auto leased = lease();
    std::thread other([&] { EXPECT_TRUE(finish(*leased)); });
    const auto b = add("b", {a});
    other.join();
    const auto next = lease();
    ASSERT_TRUE(next) << "round " << round;
    EXPECT_EQ(next->id, b);
    ASSERT_TRUE(finish(*next));
  }
}

TEST_P(Queue, a_failed_attempt_comes_back_later_and_later) {
  add("a");
  for (int attempt = 1; attempt <= 4; ++attempt) {
    const auto job = lease();
    ASSERT_TRUE(job);
    EXPECT_EQ(job->attempt, attempt);
    EXPECT_EQ(give_up(*job), false);
    EXPECT_FALSE(lease());
    clock->advance(Seconds{(1 << attempt) - 1});
    EXPECT_FALSE(lease());
    clock->advance(Seconds{1});
  }
  const auto last = lease();
  EXPECT_EQ(give_up(*last), true);
  EXPECT_EQ(outcome(last->id), "2:bad");
  clock->advance(std::chrono::hours(1));
  EXPECT_FALSE(lease());
}

TEST_P(Queue, attempts_that_ended_with_their_worker_are_no_failures) {
  NewJob job;
  job.kind = "a";
  job.max_attempts = 50;
  job.max_failures = 3;
  const JobId id = add(job);
  for (int failure = 1; failure <= 3; ++failure) {
    // Each failure comes after a few kills, which do not make its pause longer.
    for (int kill = 0; kill < 5; ++kill) {
      ASSERT_TRUE(lease());
      write([](db::Session& session) {
        reclaim_all(session);
        return true;
      });
    }
    const auto leased = lease();
    ASSERT_TRUE(leased);
    EXPECT_EQ(leased->attempt, 6 * failure);
    EXPECT_EQ(give_up(*leased), failure == 3);
    clock->advance(Seconds{1 << failure});
  }
  EXPECT_EQ(outcome(id), "2:bad");
}

TEST_P(Queue, a_job_that_its_workers_die_on_ends_with_their_names_and_the_last_log) {
  NewJob job;
  job.kind = "a";
  job.max_attempts = 3;
  const JobId id = add(job);
  EXPECT_EQ(give_up(*lease("first"), "no such codec"), false);
  for (const char* worker : {"second", "third"}) {
    clock->advance(Seconds{10});
    ASSERT_TRUE(lease(worker));
    for (int i = 0; i < 5; ++i) {
      clock->advance(k_lease / 2);
      beat("alive");
    }
  }
  const auto poisoned = lease("fourth");
  ASSERT_TRUE(poisoned);
  EXPECT_GT(poisoned->attempt, poisoned->max_attempts);
  EXPECT_EQ(give_up(*poisoned, died_with_worker(*poisoned).message), true);
  EXPECT_EQ(outcome(id),
            "2:all 3 attempts failed, the last with its worker\n"
            "attempt 3 died with its worker third\n"
            "attempt 2 died with its worker second\n"
            "no such codec");
  EXPECT_FALSE(lease("fifth"));
}

TEST_P(Queue, what_waits_for_something_outside_has_not_failed) {
  NewJob job;
  job.kind = "a";
  job.max_failures = 1;
  add(job);
  for (int round = 0; round < 4; ++round) {
    const auto leased = lease();
    ASSERT_TRUE(leased);
    write([&](db::Session& session) { return postpone(session, *leased, "away").has_value(); });
    clock->advance(std::chrono::minutes(10));
  }
  EXPECT_EQ(give_up(*lease()), true);
}

TEST_P(Queue, a_permanent_failure_cancels_what_needs_it_however_far) {
  const auto a = add("a");
  const auto b = add("b", {a});
  const auto c = add("c", {b, a});
  EXPECT_EQ(give_up(*lease(), "no such codec", true), true);
  EXPECT_EQ(outcome(a), "2:no such codec");
  EXPECT_TRUE(outcome(b).starts_with("3:it needs job"));
  EXPECT_TRUE(outcome(c).starts_with("3:"));
  EXPECT_FALSE(lease());
  const auto late = add("b", {a});
  EXPECT_TRUE(outcome(late).starts_with("3:"));
}

TEST_P(Queue, an_error_of_any_bytes_can_be_kept) {
  add("a");
  std::string bytes(9000, 'x');
  bytes[17] = '\0';
  bytes[18] = '\xff';
  EXPECT_EQ(give_up(*lease(), bytes, true), true);
  add("a");
  std::string wide;
  while (wide.size() < 9000) wide += "视";
  EXPECT_EQ(give_up(*lease(), wide, true), true);
}

TEST_P(Queue, an_expired_lease_is_taken_over_and_its_old_holder_writes_nothing) {
  add("a");
  const auto dead = lease("w1");
  EXPECT_FALSE(lease("w2"));
  clock->advance(k_lease);
  const auto taken = lease("w2");
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->attempt, 2);
  EXPECT_GT(taken->fence, dead->fence);
  EXPECT_EQ(finish(*dead).error().code, ErrorCode::conflict);
  EXPECT_EQ(give_up(*dead).error().code, ErrorCode::conflict);
  EXPECT_TRUE(finish(*taken));
  EXPECT_EQ(finish(*taken).error().code, ErrorCode::conflict);
}

TEST_P(Queue, heartbeats_keep_all_leases_of_a_worker) {
  add("a");
  add("b");
  const auto one = lease("w1");
  const auto two = lease("w1");
  for (int i = 0; i < 5; ++i) {
    clock->advance(Seconds{20});
    EXPECT_EQ(beat("w1").size(), 2u);
    EXPECT_FALSE(lease("w2"));
  }
  ASSERT_TRUE(finish(*one));
  EXPECT_EQ(beat("w1"), (std::vector<LeaseKey>{{two->id, two->fence}}));
  clock->advance(k_lease);
  EXPECT_TRUE(lease("w2"));
  EXPECT_TRUE(beat("w1").empty());
}

TEST_P(Queue, a_worker_that_was_cut_off_keeps_its_own_jobs_and_the_others_theirs) {
  add("a");
  add("b");
  const auto own = lease("w1");
  const auto others = lease("w2");
  // This machine slept, or the database was away, for longer than any lease.
  clock->advance(k_lease * 10);
  EXPECT_FALSE(lease("w1"));
  EXPECT_EQ(beat("w1"), (std::vector<LeaseKey>{{own->id, own->fence}}));
  // Who does not come back within another lease is dead after all.
  clock->advance(k_lease / 2);
  EXPECT_FALSE(lease("w1"));
  clock->advance(k_lease / 2 + Seconds{1});
  const auto taken = lease("w1");
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->id, others->id);
}

TEST_P(Queue, a_lone_worker_takes_over_at_once) {
  add("a");
  const auto dead = lease("before");
  write([](db::Session& session) {
    reclaim_all(session);
    return true;
  });
  const auto taken = lease("after");
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->id, dead->id);
  EXPECT_EQ(finish(*dead).error().code, ErrorCode::conflict);
}

TEST_P(Queue, what_is_no_fault_of_the_job_costs_no_attempt_and_ends_after_a_week) {
  const auto id = add("a");
  const auto late = [&](const LeasedJob& job) {
    return write([&](db::Session& session) { return *postpone(session, job, "the disk is full"); });
  };
  for (int i = 0; i < 30; ++i) {
    const auto job = lease();
    ASSERT_TRUE(job) << i;
    EXPECT_EQ(job->attempt, 1);
    EXPECT_FALSE(late(*job));
    EXPECT_FALSE(lease());
    clock->advance(Seconds{600});
  }
  clock->advance(std::chrono::hours(7 * 24));
  const auto last = lease();
  ASSERT_TRUE(last);
  EXPECT_TRUE(late(*last));
  EXPECT_EQ(outcome(id), "2:the disk is full");
}

TEST_P(Queue, a_job_that_is_tried_again_keeps_its_place) {
  const auto first = add("a");
  const auto job = lease();
  EXPECT_EQ(job->id, first);
  EXPECT_FALSE(*give_up(*job));
  add("a");
  clock->advance(Seconds{2});
  EXPECT_EQ(lease()->id, first);
}

TEST_P(Queue, a_released_job_costs_no_attempt) {
  add("a");
  const auto job = lease();
  write([&](db::Session& session) { return release(session, *job).has_value(); });
  const auto again = lease();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->attempt, 1);
  EXPECT_GT(again->fence, job->fence);
  EXPECT_EQ(finish(*job).error().code, ErrorCode::conflict);
}

TEST_P(Queue, cancelling_a_video_ends_its_jobs_in_every_state) {
  NewJob job;
  job.kind = "a";
  job.video = VideoId{7};
  const auto running = add(job);
  const auto held = lease();
  const auto waiting = add(job);
  job.after = {running};
  const auto blocked = add(job);
  const auto other = add("b");
  write([](db::Session& session) {
    cancel_video(session, VideoId{7}, "its video was deleted");
    return true;
  });
  for (const auto id : {running, waiting, blocked}) EXPECT_TRUE(outcome(id).starts_with("3:"));
  EXPECT_TRUE(beat("w").empty());
  EXPECT_EQ(finish(*held).error().code, ErrorCode::conflict);
  EXPECT_EQ(lease()->id, other);
}

TEST_P(Queue, cancelling_by_hand_says_when_there_is_nothing) {
  const auto a = add("a");
  const auto stop = [&](JobId id) {
    return database->write_blocking(
        [&](db::Session& session) -> Result<> { return cancel(session, id); });
  };
  EXPECT_TRUE(stop(a));
  EXPECT_EQ(stop(a).error().code, ErrorCode::not_found);
  EXPECT_TRUE(outcome(a).starts_with("3:"));
}

TEST_P(Queue, many_workers_never_lease_the_same_job) {
  for (int i = 0; i < 40; ++i) add("a");
  std::mutex mutex;
  std::set<std::int64_t> leased;
  std::vector<std::thread> workers;
  workers.reserve(4);
  for (int w = 0; w < 4; ++w) {
    workers.emplace_back([&, w] {
      while (const auto job = lease("w" + std::to_string(w))) {
        const std::scoped_lock lock(mutex);
        EXPECT_TRUE(leased.insert(job->id.value).second);
      }
    });
  }
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(leased.size(), 40u);
}

}  // namespace
}  // namespace shoal::jobs
