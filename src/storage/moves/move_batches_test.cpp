#include "storage/moves/move_batches.h"

#include <boost/asio/this_coro.hpp>

#include "tests/support/move_batch_fixture.h"

namespace shoal::storage {
namespace {

using testing::ElementsAre;

class MoveBatchTest : public MoveBatchFixture {};
INSTANTIATE_TEST_SUITE_P(Engines, MoveBatchTest, testing::ValuesIn(batch_shapes()),
                         tests::move_shape_name);

TEST_P(MoveBatchTest, moves_all_files_and_never_queues_more_than_it_may) {
  add_files(7);
  const MoveBatchId id = create(3);
  watch();
  EXPECT_EQ(queued(), 3 + k_files_beside);
  EXPECT_EQ(progress_of(id).waiting.files, 7);
  EXPECT_TRUE(progress_of(id).is_planned);
  while (step()) EXPECT_LE(queued(), 3 + k_files_beside);
  const MoveProgress progress = progress_of(id);
  EXPECT_EQ(progress.state, BatchState::done);
  EXPECT_EQ(progress.done.files, 7);
  EXPECT_EQ(progress.done.bytes, 7000U);
  EXPECT_EQ(progress.waiting.files, 0);
  EXPECT_TRUE(progress.finished_at);
  EXPECT_EQ(count_in("far"), 7);
  EXPECT_EQ(number("select count(*) from placement where generation = 3"), 7);
  expect_all_files_are_safe();
  expect_nothing_is_left_over();
}

TEST_P(MoveBatchTest, a_file_that_fails_by_itself_is_told_of_after_five_tries_kills_apart) {
  add_files(1);
  const MoveBatchId id = create(1);
  watch();
  for (int failure = 1; failure <= 5; ++failure) {
    for (int kill = 0; kill < 3; ++kill) {
      ASSERT_TRUE(lease());
      reclaim();
    }
    const auto job = lease();
    ASSERT_TRUE(job) << failure;
    EXPECT_EQ(progress_of(id).failed.files, 0);
    write([&](db::Session& session) -> Result<> {
      TRY(const bool ended, jobs::fail_attempt(session, *job, "the disk says no", false));
      EXPECT_EQ(ended, failure == 5);
      if (ended) end_move_item(session, *parse_move(job->payload), ItemEnd::failed, "says no");
      return {};
    });
    clock->advance(Seconds{1 << failure});
  }
  const MoveProgress progress = progress_of(id);
  EXPECT_EQ(progress.failed.files, 1);
  EXPECT_EQ(progress.example_error, "says no");
  EXPECT_EQ(progress.state, BatchState::done);
  // Asked to try again it has all its tries again.
  ASSERT_TRUE(change([&](db::Session& session) { return resume_move_batch(session, id); }));
  run_to_the_end();
  EXPECT_EQ(progress_of(id).done.files, 1);
  expect_all_files_are_safe();
}

TEST_P(MoveBatchTest, is_done_at_once_when_nothing_matches) {
  const MoveBatchId id = create();
  watch();
  EXPECT_EQ(progress_of(id).state, BatchState::done);
  EXPECT_EQ(number("select count(*) from job"), 0);
}

TEST_P(MoveBatchTest, plans_in_pages_that_a_kill_may_come_between) {
  add_files(5);
  const MoveBatchId id = create(1);
  const auto plan = [&] {
    return write([&](db::Session& session) { return plan_move_batch(session, id, 2); });
  };
  EXPECT_TRUE(plan());
  EXPECT_EQ(progress_of(id).waiting.files, 2);
  EXPECT_FALSE(progress_of(id).is_planned);
  EXPECT_TRUE(plan());
  EXPECT_FALSE(plan());
  EXPECT_FALSE(plan());
  EXPECT_EQ(progress_of(id).waiting.files, 5);
  watch();
  EXPECT_EQ(run_to_the_end(), 5);
  EXPECT_EQ(progress_of(id).state, BatchState::done);
}

TEST_P(MoveBatchTest, pauses_after_what_is_on_its_way_and_goes_on) {
  add_files(6);
  const MoveBatchId id = create(2);
  watch();
  ASSERT_TRUE(step());
  ASSERT_TRUE(change([&](db::Session& session) { return pause_move_batch(session, id); }));
  EXPECT_EQ(run_to_the_end(), 4) << "all queued ones put themselves back";
  EXPECT_EQ(count_in("far"), 1);
  EXPECT_EQ(progress_of(id).state, BatchState::paused);
  EXPECT_EQ(progress_of(id).waiting.files, 5);
  ASSERT_TRUE(change([&](db::Session& session) { return resume_move_batch(session, id); }));
  EXPECT_EQ(queued(), 4);
  EXPECT_EQ(run_to_the_end(), 5);
  EXPECT_EQ(progress_of(id).state, BatchState::done);
  EXPECT_EQ(count_in("far"), 6);
}

TEST_P(MoveBatchTest, a_cancelled_one_leaves_every_file_where_it_is) {
  add_files(4);
  const MoveBatchId id = create(2);
  watch();
  ASSERT_TRUE(step());
  ASSERT_TRUE(change([&](db::Session& session) { return cancel_move_batch(session, id); }));
  ASSERT_TRUE(change([&](db::Session& session) -> Result<> {
    EXPECT_TRUE(cancel_queued_moves(session, id, 2));
    EXPECT_TRUE(cancel_queued_moves(session, id, 1));
    EXPECT_FALSE(cancel_queued_moves(session, id, 1));
    return {};
  }));
  EXPECT_FALSE(step());
  EXPECT_EQ(count_in("far"), 1);
  EXPECT_EQ(count_in("near"), 3);
  EXPECT_EQ(progress_of(id).state, BatchState::cancelled);
  for (const auto& change_of : {pause_move_batch, resume_move_batch, cancel_move_batch}) {
    const auto changed = change([&](db::Session& session) { return change_of(session, id); });
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().code, ErrorCode::conflict);
  }
  expect_all_files_are_safe();
  expect_nothing_is_left_over();
}

TEST_P(MoveBatchTest, a_move_that_is_cancelled_in_the_middle_writes_nothing) {
  add_files(1);
  const MoveBatchId id = create(1);
  watch();
  const auto job = lease();
  trouble.arm(tests::Trouble::Kind::event, 4, [&] {
    ASSERT_TRUE(change([&](db::Session& session) -> Result<> {
      TRY_VOID(cancel_move_batch(session, id));
      cancel_queued_moves(session, id);
      return {};
    }));
  });
  EXPECT_EQ(run(*job).error().code, ErrorCode::conflict);
  trouble.disarm();
  EXPECT_EQ(count_in("near"), 1);
  expect_nothing_is_left_over();
}

TEST_P(MoveBatchTest, what_fails_holds_nobody_up_and_is_tried_again_by_a_resumption) {
  add_files(3);
  damage(near, "hls/file-1");
  const MoveBatchId id = create(1);
  watch();
  EXPECT_EQ(run_to_the_end(), 3);
  MoveProgress progress = progress_of(id);
  EXPECT_EQ(progress.state, BatchState::done);
  EXPECT_EQ(progress.failed.files, 1);
  EXPECT_EQ(progress.done.files, 2);
  EXPECT_THAT(progress.example_error.value_or(""), testing::HasSubstr("file-1"));
  EXPECT_THAT(places(files_of_all[1]), ElementsAre("near:hls/file-1"));
  damage(near, "hls/file-1");  // and so it is whole again
  ASSERT_TRUE(change([&](db::Session& session) { return resume_move_batch(session, id); }));
  EXPECT_EQ(run_to_the_end(), 1);
  progress = progress_of(id);
  EXPECT_EQ(progress.state, BatchState::done);
  EXPECT_EQ(progress.done.files, 3);
  EXPECT_EQ(
      change([&](db::Session& session) { return resume_move_batch(session, id); }).error().code,
      ErrorCode::conflict);
}

TEST_P(MoveBatchTest, a_job_that_was_cancelled_by_hand_does_not_stop_the_rest) {
  add_files(3 + k_files_beside);
  const MoveBatchId id = create(1);
  watch();
  for (int n = 0; n < 1 + k_files_beside; ++n) {
    const auto job = lease();
    ASSERT_TRUE(change([&](db::Session& session) { return jobs::cancel(session, job->id); }));
  }
  EXPECT_FALSE(step());
  clock->advance(std::chrono::minutes(11));
  watch();
  EXPECT_EQ(run_to_the_end(), 2);
  EXPECT_EQ(progress_of(id).failed.files, 1 + k_files_beside);
  EXPECT_THAT(progress_of(id).example_error.value_or(""), testing::HasSubstr("by hand"));
  EXPECT_EQ(progress_of(id).state, BatchState::done);
  EXPECT_EQ(count_in("near"), 1 + k_files_beside);
}

TEST_P(MoveBatchTest, a_file_that_is_deleted_meanwhile_is_passed_over) {
  add_files(2);
  const MoveBatchId id = create(1);
  watch();
  delete_file(files_of_all[1]);
  EXPECT_EQ(run_to_the_end(), 2);
  EXPECT_EQ(progress_of(id).skipped.files, 1);
  EXPECT_EQ(progress_of(id).state, BatchState::done);
  expect_nothing_is_left_over();
}

TEST_P(MoveBatchTest, keeps_its_rate_and_tells_it) {
  add_files(4);
  std::vector<Milliseconds> waits;
  wait_for = [&](Milliseconds time) {
    waits.push_back(time);
    clock->advance(time);
    return []() -> io::Task<> { co_return; }();
  };
  const MoveBatchId id = create(1, 500);
  watch();
  // The pace is kept by the mover of a process, over its jobs.
  const auto mover = make_mover(*database);
  for (int n = 0; n < 4; ++n) {
    const auto job = lease();
    jobs::JobContext context(*job, *database, progress);
    ASSERT_TRUE(wait(mover->run(*job, context)));
  }
  EXPECT_THAT(waits, ElementsAre(Milliseconds{2000}, Milliseconds{2000}, Milliseconds{2000}));
  EXPECT_EQ(progress_of(id).rate, 4000U / 6);
  EXPECT_EQ(progress_of(id).remaining, std::nullopt) << "it is done";
}

TEST_P(MoveBatchTest, tells_how_long_the_rest_takes) {
  add_files(4);
  const MoveBatchId id = create(1);
  watch();
  ASSERT_TRUE(step());
  clock->advance(Seconds{10});
  const MoveProgress progress = progress_of(id);
  EXPECT_EQ(progress.rate, 100U);
  EXPECT_EQ(progress.remaining, Seconds{30});
}

TEST_P(MoveBatchTest, a_new_one_takes_as_long_as_the_last_one_between_its_stores_says) {
  const auto seconds = [&](std::uint64_t rate_limit) {
    return write([&](db::Session& session) -> Result<std::optional<Seconds>> {
      return estimate_duration(
          session,
          {.from = "near", .to = "far", .filter = {}, .rate_limit = rate_limit, .parallel = 1},
          1000);
    });
  };
  EXPECT_EQ(seconds(0), std::nullopt) << "nobody knows";
  EXPECT_EQ(seconds(10), Seconds{101});
  add_files(1);
  create(1);
  watch();
  clock->advance(Seconds{1});
  ASSERT_TRUE(step());
  clock->advance(Seconds{10});
  create(1);
  EXPECT_EQ(seconds(0), Seconds{2}) << "1000 bytes in its one second";
  EXPECT_EQ(seconds(10), Seconds{101});
}

TEST_P(MoveBatchTest, its_files_are_counted_by_state_until_it_is_over) {
  add_files(3 + k_files_beside);
  create(1);
  watch();
  ASSERT_TRUE(step());
  const auto count = [&] {
    return write(
        [](db::Session& session) -> Result<OpenMoves> { return count_open_moves(session); });
  };
  EXPECT_EQ(count().batches, 1);
  EXPECT_EQ(count().waiting, 1);
  EXPECT_EQ(count().queued, 1 + k_files_beside);
  EXPECT_EQ(count().done, 1);
  run_to_the_end();
  EXPECT_EQ(count().batches, 0);
  EXPECT_EQ(count().done, 0);
}

TEST_P(MoveBatchTest, old_ones_are_forgotten_and_open_ones_are_not) {
  add_files(3);
  const MoveBatchId open = create(1);
  watch();
  std::vector<MoveBatchId> others;
  for (int n = 0; n < 3; ++n) {
    others.push_back(create(1));
    watch();
    ASSERT_TRUE(
        change([&](db::Session& session) { return cancel_move_batch(session, others.back()); }));
  }
  int rounds = 0;
  while (write(
      [&](db::Session& session) -> Result<bool> { return prune_move_batches(session, 1, 2); }))
    ++rounds;
  EXPECT_EQ(rounds, 4) << "two batches of three items, two at a time";
  const auto left = write([&](db::Session& session) -> Result<std::vector<MoveProgress>> {
    return list_move_batches(session, 10);
  });
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[0].id, others.back());
  EXPECT_EQ(left[1].id, open);
  EXPECT_EQ(left[1].waiting.files, 3);
}

TEST_P(MoveBatchTest, any_operation_of_its_jobs_may_fail_or_be_the_last) {
  using tests::Trouble;
  for (const auto kind : {Trouble::Kind::error, Trouble::Kind::death, Trouble::Kind::late_death}) {
    bool is_over = false;
    for (std::uint64_t n = 1; !is_over && !HasFailure(); ++n) {
      SCOPED_TRACE("operation " + std::to_string(n));
      add_files(2);
      const MoveBatchId id = create(1);
      // The watch and the first file: one process, until it is dead.
      trouble.arm(kind, n);
      for (const std::string_view step : {k_watch_batch, k_move_file}) {
        const auto job = trouble.is_dead() ? std::nullopt : lease(step);
        if (job) (void)run(*job);
      }
      is_over = trouble.operations() < n;
      trouble.disarm();
      expect_all_files_are_safe();
      reclaim();
      clock->advance(std::chrono::minutes(11));
      if (const auto job = lease(k_watch_batch)) ASSERT_TRUE(run(*job));
      run_to_the_end();
      EXPECT_EQ(progress_of(id).state, BatchState::done);
      EXPECT_EQ(progress_of(id).done.files, 2);
      clock->advance(std::chrono::minutes(11));
      if (const auto job = lease(k_watch_batch)) ASSERT_TRUE(run(*job));
      EXPECT_EQ(number("select count(*) from job"), 0);
      for (const FileId file : files_of_all) delete_file(file);
      files_of_all.clear();
      expect_nothing_is_left_over();
    }
  }
}

TEST_P(MoveBatchTest, needs_two_stores_that_exist) {
  const auto created = [&](const NewMoveBatch& batch) {
    return change([&](db::Session& session) -> Result<> {
             TRY_VOID(create_move_batch(session, batch));
             return {};
           })
        .error()
        .code;
  };
  EXPECT_EQ(created({.from = "near", .to = "near", .filter = {}}), ErrorCode::invalid);
  EXPECT_EQ(created({.from = "near", .to = "nowhere", .filter = {}}), ErrorCode::not_found);
  EXPECT_EQ(created({.from = "near", .to = "far", .filter = {}, .parallel = 0}),
            ErrorCode::invalid);
}

TEST_P(MoveBatchTest, runs_in_a_runner_to_its_end_whatever_fails) {
  add_files(9);
  damage(near, "hls/file-4");
  const MoveBatchId id = create(3);
  const auto mover = make_mover(*database);
  Metrics metrics;
  jobs::Runner runner(runtime, *database, progress, metrics,
                      {.concurrency = 3, .poll_every = Milliseconds{20}});
  mover->register_handlers(runner);
  runner.start();
  for (int round = 0; round < 1000 && progress_of(id).state != BatchState::done; ++round) {
    runtime.run_until_done([](db::Notifier& notifier) -> io::Task<> {
      co_await notifier.wait(jobs::k_waiting_channel, notifier.count(jobs::k_waiting_channel),
                             Milliseconds{20});
    }(database->notifier()));
  }
  runtime.run_until_done(runner.stop());
  EXPECT_EQ(progress_of(id).state, BatchState::done);
  EXPECT_EQ(progress_of(id).done.files, 8);
  EXPECT_EQ(progress_of(id).failed.files, 1);
}

}  // namespace
}  // namespace shoal::storage
