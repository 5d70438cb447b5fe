#include "jobs/twins.h"

#include <gtest/gtest.h>

#include <thread>

#include "jobs/list.h"
#include "jobs/remote_lease.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"

namespace shoal::jobs {
namespace {

constexpr Seconds k_lease{30};
constexpr VideoId k_video{7};
const std::vector<std::string> k_kinds{"cut"};

class Twins : public testing::TestWithParam<db::Engine> {
 protected:
  template <class Work>
  auto write(Work work) {
    auto result = database->write_blocking(
        [&](db::Session& session) -> Result<decltype(work(session))> { return work(session); });
    EXPECT_TRUE(result) << result.error().message;
    return *std::move(result);
  }
  JobId add(std::string kind = "cut", VideoId video = k_video) {
    return write([&](db::Session& session) {
      NewJob job;
      job.kind = std::move(kind);
      job.video = video;
      job.max_attempts = 3;
      return enqueue(session, job);
    });
  }
  std::optional<LeasedJob> lease(const std::string& worker, const std::string& kind = "cut") {
    return write(
        [&](db::Session& session) { return lease_next(session, worker, {kind}, k_lease); });
  }
  std::optional<LeasedJob> twin(const std::string& worker) {
    return write(
        [&](db::Session& session) { return lease_twin(session, worker, k_kinds, k_lease); });
  }
  Result<> finish(const LeasedJob& job) {
    return database->write_blocking(
        [&](db::Session& session) -> Result<> { return complete(session, job); });
  }
  Result<bool> give_up(const LeasedJob& job, bool permanent = false) {
    return database->write_blocking([&](db::Session& session) -> Result<bool> {
      return fail_attempt(session, job, "bad", permanent);
    });
  }
  std::vector<LeaseKey> beat(const std::string& worker) {
    return write([&](db::Session& session) { return heartbeat(session, worker, k_lease); });
  }
  bool may_write(const LeasedJob& job) {
    return database
        ->write_blocking(
            [&](db::Session& session) -> Result<> { return check_fence(session, job); })
        .has_value();
  }
  /// "state:attempt:failures:worker" of an unfinished job, "outcome:attempt:worker" of one that
  /// ended.
  std::string now(JobId job) {
    return write([&](db::Session& session) -> std::string {
      if (const auto row = session.query_one(
              "select state || ':' || attempt || ':' || failures || ':' || coalesce(worker, '')"
              " from job where id = :id",
              {job}))
        return row->text(0);
      return "ended " + session
                            .query_one(
                                "select outcome || ':' || attempt || ':' ||"
                                " coalesce(worker, '') from job_history where id = :id",
                                {job})
                            ->text(0);
    });
  }
  /// Three are done, each in ten seconds, and the last one runs on "slow" for 25.
  LeasedJob straggle() {
    for (int i = 0; i < 4; ++i) add();
    const auto slow = lease("slow");
    for (int i = 0; i < 3; ++i) {
      const auto job = lease("quick");
      clock->advance(Seconds{10});
      EXPECT_TRUE(finish(*job));
      beat("slow");
      beat("quick");
    }
    return *slow;
  }

  std::shared_ptr<tests::ManualClock> clock = std::make_shared<tests::ManualClock>();
  tests::TestDatabase database{GetParam(), clock};
};
SHOAL_ON_BOTH_ENGINES(Twins);

TEST_P(Twins, the_last_one_that_is_slow_is_made_again_by_who_has_nothing_else_to_do) {
  const LeasedJob slow = straggle();
  EXPECT_FALSE(twin("slow")) << "who is slow with it";
  const auto second = twin("quick");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->id, slow.id);
  EXPECT_EQ(second->video, k_video);
  EXPECT_GT(second->fence, slow.fence);
  EXPECT_EQ(beat("slow"), (std::vector<LeaseKey>{{slow.id, slow.fence}}));
  EXPECT_EQ(beat("quick"), (std::vector<LeaseKey>{{second->id, second->fence}}));
  EXPECT_FALSE(twin("third")) << "a job has one twin";
  EXPECT_EQ(write([](db::Session& session) { return list_jobs(session, {}).jobs.back().worker; }),
            "slow, quick");
}

TEST_P(Twins, the_first_that_records_something_has_the_job_and_the_other_writes_nothing) {
  const LeasedJob slow = straggle();
  const auto second = twin("quick");
  EXPECT_TRUE(may_write(*second));
  EXPECT_FALSE(may_write(slow));
  EXPECT_FALSE(finish(slow));
  EXPECT_FALSE(give_up(slow));
  EXPECT_TRUE(beat("slow").empty()) << "it is told to stop";
  EXPECT_EQ(beat("quick"), (std::vector<LeaseKey>{{second->id, second->fence}}));
  EXPECT_TRUE(finish(*second));
  EXPECT_EQ(now(slow.id), "ended 1:1:quick");
}

TEST_P(Twins, one_that_loses_changes_nothing) {
  const LeasedJob slow = straggle();
  const auto second = twin("quick");
  EXPECT_TRUE(may_write(slow));
  EXPECT_FALSE(may_write(*second));
  EXPECT_FALSE(give_up(*second));
  EXPECT_TRUE(beat("quick").empty());
  EXPECT_TRUE(finish(slow));
  EXPECT_EQ(now(slow.id), "ended 1:1:slow");
}

TEST_P(Twins, both_that_end_at_once_complete_the_job_once) {
  const LeasedJob slow = straggle();
  const auto second = twin("quick");
  bool by_slow = false;
  bool by_quick = false;
  std::thread one([&] { by_slow = finish(slow).has_value(); });
  std::thread two([&] { by_quick = finish(*second).has_value(); });
  one.join();
  two.join();
  EXPECT_NE(by_slow, by_quick);
  EXPECT_EQ(now(slow.id), by_slow ? "ended 1:1:slow" : "ended 1:1:quick");
}

TEST_P(Twins, a_twin_that_fails_counts_nowhere_and_leaves_the_job_to_the_first) {
  const LeasedJob slow = straggle();
  EXPECT_FALSE(*give_up(*twin("quick"), true));
  EXPECT_EQ(now(slow.id), "2:1:0:slow");
  EXPECT_FALSE(twin("third")) << "one for each lease";
  EXPECT_TRUE(finish(slow));
}

TEST_P(Twins, one_that_fails_leaves_the_job_to_its_twin_as_the_next_attempt) {
  const LeasedJob slow = straggle();
  const auto second = twin("quick");
  EXPECT_FALSE(*give_up(slow));
  EXPECT_EQ(now(slow.id), "2:2:1:quick");
  EXPECT_TRUE(finish(*second));
}

TEST_P(Twins, one_that_gives_its_job_back_takes_no_attempt_with_it) {
  const LeasedJob slow = straggle();
  const auto second = twin("quick");
  write([&](db::Session& session) { return release(session, slow).has_value(); });
  EXPECT_EQ(now(slow.id), "2:1:0:quick");
  write([&](db::Session& session) { return release(session, *second).has_value(); });
  EXPECT_EQ(now(slow.id), "1:0:0:");
  EXPECT_GT(lease("third")->fence, second->fence);
}

TEST_P(Twins, a_straggler_that_dies_changes_nothing_for_its_twin) {
  const LeasedJob slow = straggle();
  const auto second = twin("quick");
  for (int i = 0; i < 4; ++i) {
    clock->advance(Seconds{10});
    beat("quick");
  }
  EXPECT_EQ(now(slow.id), "2:2:0:quick");
  EXPECT_FALSE(may_write(slow));
  EXPECT_TRUE(finish(*second));
}

TEST_P(Twins, a_twin_that_dies_changes_nothing_for_the_first) {
  const LeasedJob slow = straggle();
  const auto second = twin("quick");
  for (int i = 0; i < 4; ++i) {
    clock->advance(Seconds{10});
    beat("slow");
  }
  EXPECT_FALSE(may_write(*second));
  EXPECT_TRUE(finish(slow));
  EXPECT_EQ(now(slow.id), "ended 1:1:slow");
}

TEST_P(Twins, when_both_die_the_job_waits_again_and_neither_writes) {
  const LeasedJob slow = straggle();
  const auto second = twin("quick");
  clock->advance(Seconds{20});
  beat("third");
  clock->advance(Seconds{20});
  beat("third");
  const auto again = lease("third");
  ASSERT_TRUE(again);
  EXPECT_FALSE(may_write(slow));
  EXPECT_FALSE(may_write(*second));
  EXPECT_TRUE(finish(*again));
}

TEST_P(Twins, a_video_that_is_cancelled_ends_both) {
  const LeasedJob slow = straggle();
  const auto second = twin("quick");
  write([](db::Session& session) {
    cancel_video(session, k_video, "gone");
    return true;
  });
  EXPECT_TRUE(beat("slow").empty());
  EXPECT_TRUE(beat("quick").empty());
  EXPECT_FALSE(finish(slow));
  EXPECT_FALSE(finish(*second));
}

TEST_P(Twins, a_twin_elsewhere_keeps_its_own_lease) {
  const LeasedJob slow = straggle();
  const auto second = write([&](db::Session& session) {
    return lease_twin(session, "runner:1", find_stragglers(session, "runner:1", k_kinds).at(0),
                      k_lease);
  });
  ASSERT_TRUE(second);
  EXPECT_EQ(write([&](db::Session& session) {
              return find_lease(session, {second->id, second->fence})->fence;
            }),
            second->fence);
  const auto extended = [&] {
    return write(
        [&](db::Session& session) { return extend(session, *second, k_lease).has_value(); });
  };
  for (int i = 0; i < 4; ++i) {
    clock->advance(Seconds{10});
    EXPECT_TRUE(extended());
    beat("slow");
  }
  EXPECT_TRUE(may_write(slow));
  EXPECT_FALSE(extended()) << "it is told with its next update";
}

TEST_P(Twins, nothing_is_made_twice_while_others_of_the_video_wait_or_something_else_of_it_runs) {
  straggle();
  const JobId waiting = add();
  EXPECT_FALSE(twin("quick"));
  write([&](db::Session& session) { return cancel(session, waiting).has_value(); });
  add("sound");
  const auto sound = lease("quick", "sound");
  EXPECT_FALSE(twin("quick"));
  EXPECT_TRUE(finish(*sound));
  EXPECT_TRUE(twin("quick"));
}

TEST_P(Twins, one_that_takes_as_long_as_others_did_is_no_straggler) {
  for (int i = 0; i < 5; ++i) add();
  for (int i = 0; i < 4; ++i) {
    const auto job = lease("quick");
    clock->advance(Seconds{20});
    EXPECT_TRUE(finish(*job));
  }
  ASSERT_TRUE(lease("slow"));
  clock->advance(Seconds{40});
  beat("slow");
  EXPECT_FALSE(twin("quick"));
  clock->advance(Seconds{1});
  EXPECT_TRUE(twin("quick"));
}

TEST_P(Twins, a_cluster_has_a_twin_for_four_of_its_workers) {
  straggle();
  ASSERT_TRUE(twin("quick"));
  for (int i = 0; i < 4; ++i) add("cut", VideoId{8});
  ASSERT_TRUE(lease("slow too"));
  for (int i = 0; i < 3; ++i) {
    const auto job = lease("third");
    clock->advance(Seconds{8});
    EXPECT_TRUE(finish(*job));
    for (const char* worker : {"slow", "slow too", "quick"}) beat(worker);
  }
  EXPECT_FALSE(twin("third"));
  write([](db::Session& session) {
    for (const char* worker : {"4", "5", "6", "7", "8"}) introduce(session, worker, {"sound"});
    return true;
  });
  EXPECT_FALSE(twin("third")) << "they do something else";
  for (const char* worker : {"9", "10", "11", "12", "13"}) beat(worker);
  EXPECT_TRUE(twin("third"));
}

/// A worker in virtual time: makes one job after the other.
struct Machine {
  std::string name;
  Seconds takes;
  std::optional<LeasedJob> job{};
  UtcTime done_at{};
};

/// When the last of twelve is done, with one machine of three ten times slower.
class End : public Twins {
 protected:
  Seconds end_of_video(bool with_twins) {
    const UtcTime begin = clock->now();
    for (int i = 0; i < 12; ++i) add();
    std::vector<Machine> machines{{"a", Seconds{10}}, {"b", Seconds{10}}, {"slow", Seconds{100}}};
    for (int done = 0; done < 12; clock->advance(Seconds{1})) {
      for (Machine& machine : machines) done += step(machine, with_twins) ? 1 : 0;
    }
    return std::chrono::duration_cast<Seconds>(clock->now() - begin);
  }

 private:
  /// A second of its life; true when it ended a job.
  bool step(Machine& machine, bool with_twins) {
    const auto held = beat(machine.name);
    if (machine.job &&
        std::ranges::find(held, LeaseKey{machine.job->id, machine.job->fence}) == held.end())
      machine.job.reset();
    bool ended = false;
    if (machine.job && machine.done_at <= clock->now()) {
      ended = finish(*machine.job).has_value();
      machine.job.reset();
    }
    if (machine.job) return ended;
    machine.job = lease(machine.name);
    if (!machine.job && with_twins) machine.job = twin(machine.name);
    machine.done_at = clock->now() + machine.takes;
    return ended;
  }
};
SHOAL_ON_BOTH_ENGINES(End);

TEST_P(End, of_a_video_does_not_wait_for_one_machine_that_is_ten_times_slower) {
  const Seconds without = end_of_video(false);
  const Seconds with = end_of_video(true);
  EXPECT_EQ(without, Seconds{101});
  EXPECT_EQ(with, Seconds{61});
}

}  // namespace
}  // namespace shoal::jobs
