#include "scaling/fleet/backlog.h"

#include <gtest/gtest.h>

#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"
#include "tests/support/upload_fixture.h"

namespace shoal::scaling {
namespace {

class BacklogTest : public testing::TestWithParam<db::Engine> {
 protected:
  void write(const std::function<void(db::Session&)>& work) {
    ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
      work(session);
      return {};
    }));
  }
  Backlog read() {
    return *database->read_blocking(
        [](db::Session& session) -> Result<Backlog> { return read_backlog(session, "encode"); });
  }
  void add_video(std::int64_t id, Seconds duration) {
    if (id == 1) uploader = tests::add_uploader(*database, "mo");
    write([&](db::Session& session) {
      session.execute(
          "insert into video (id, uuid, channel_id, name, privacy, state, duration, published_at,"
          " created_at, updated_at) values (:id, :uuid, :channel, 'v', 1, 2, :duration, 1, 1, 1)",
          {id, std::to_string(id), uploader.channel, Milliseconds(duration).count()});
    });
  }
  void add_job(std::int64_t id, std::int64_t video, Seconds age, int state = 1,
               const char* kind = "encode", Seconds due_in = Seconds{0}) {
    write([&](db::Session& session) {
      session.execute(
          "insert into job (id, kind, video_id, payload, priority, state, run_after, max_attempts,"
          " created_at) values (:id, :kind, :video, '{}', 1, :state, :after, 5, :created)",
          {id, kind, video, state, due_in > Seconds{0} ? now() + due_in : UtcTime{}, now() - age});
    });
  }
  void add_done(std::int64_t id, std::int64_t video, Seconds took, int attempt = 1, int outcome = 1,
                const char* worker = "runner:1") {
    write([&](db::Session& session) {
      session.execute(
          "insert into job_history (id, kind, video_id, payload, priority, outcome, attempt,"
          " created_at, started_at, leased_at, finished_at, worker) values (:id, 'encode', :video,"
          " '{}', 1, :outcome, :attempt, :created, :created, :leased, :now, :worker)",
          {id, video, outcome, attempt, now() - std::chrono::hours{2}, now() - took, now(),
           worker});
    });
  }
  void add_runner(std::int64_t id, const char* name, Seconds silent_for) {
    write([&](db::Session& session) {
      session.execute("insert into runner_registration_token (token, created_at) values (:name, 1)",
                      {name});
      session.execute(
          "insert into runner (id, registration_token_id, name, ip, token_hash, last_contact_at,"
          " created_at) values (:id, (select max(id) from runner_registration_token), :name, '', "
          ":name, :contact, 1)",
          {id, name, now() - silent_for});
    });
  }
  UtcTime now() const { return clock->now(); }

  tests::Uploader uploader;
  std::shared_ptr<tests::ManualClock> clock = std::make_shared<tests::ManualClock>();
  tests::TestDatabase database{GetParam(), clock};
};
SHOAL_ON_BOTH_ENGINES(BacklogTest);

TEST_P(BacklogTest, an_idle_instance_has_no_work_and_knows_no_pace) {
  const Backlog backlog = read();
  EXPECT_EQ(backlog.jobs, 0);
  EXPECT_EQ(backlog.media_seconds, 0);
  EXPECT_EQ(backlog.oldest_wait, Seconds{0});
  EXPECT_EQ(backlog.lately.jobs, 0u);
  EXPECT_EQ(backlog.seconds_per_media_second, 0);
  EXPECT_TRUE(backlog.workers.empty());
}

TEST_P(BacklogTest, what_waits_counts_by_its_share_of_the_video) {
  add_video(1, Seconds{40});
  add_video(2, Seconds{100});
  for (int i = 0; i < 3; ++i) add_job(10 + i, 1, Seconds{100 + i});
  add_done(20, 1, Seconds{5});                             // the fourth of four
  add_job(30, 2, Seconds{7}, 2);                           // runs
  add_job(31, 2, Seconds{900}, 1, "prepare");              // not for workers
  add_job(32, 2, Seconds{900}, 1, "encode", Seconds{60});  // put off
  const Backlog backlog = read();
  EXPECT_EQ(backlog.jobs, 3);
  EXPECT_NEAR(backlog.media_seconds, 30, 1e-6);
  EXPECT_EQ(backlog.oldest_wait, Seconds{102});
}

TEST_P(BacklogTest, what_came_is_told_apart_by_when) {
  add_video(1, Seconds{60});
  add_job(10, 1, Seconds{10});
  add_job(11, 1, Seconds{20}, 2);
  add_job(12, 1, Seconds{40});
  add_job(13, 1, Seconds{600});
  add_job(14, 1, Seconds{899});
  add_job(15, 1, Seconds{901});
  const Backlog backlog = read();
  EXPECT_EQ(backlog.latest.jobs, 2u);
  EXPECT_NEAR(backlog.latest.work_seconds, 20, 1e-6);
  EXPECT_EQ(backlog.before.jobs, 1u);
  EXPECT_EQ(backlog.lately.jobs, 5u);
  EXPECT_NEAR(backlog.lately.work_seconds, 50, 1e-6);
}

TEST_P(BacklogTest, the_pace_is_of_attempts_that_succeeded) {
  add_video(1, Seconds{50});
  add_done(1, 1, Seconds{4});
  add_done(2, 1, Seconds{6});
  add_done(3, 1, Seconds{5}, 2);
  add_done(4, 1, Seconds{500}, 1, 2);
  add_done(5, 1, Seconds{5});
  EXPECT_NEAR(read().seconds_per_media_second, 20.0 / 40, 1e-6);
}

TEST_P(BacklogTest, the_pace_is_the_workers_own_once_they_have_made_enough) {
  add_video(1, Seconds{400});
  std::int64_t id = 0;
  while (id < 20) add_done(++id, 1, Seconds{40}, 1, 1, "worker-a1");
  while (id < 39) add_done(++id, 1, Seconds{10});
  EXPECT_NEAR(read().seconds_per_media_second, (20 * 40 + 19 * 10) / 400.0, 1e-6);
  add_done(++id, 1, Seconds{10});
  EXPECT_NEAR(read().seconds_per_media_second, 1, 1e-6);
}

TEST_P(BacklogTest, nodes_make_what_they_have_at_their_own_pace) {
  add_video(1, Seconds{50});
  add_done(1, 1, Seconds{20}, 1, 1, "worker-a1");
  add_done(2, 1, Seconds{1});
  EXPECT_EQ(read().node_media_speed, 0) << "they have nothing";
  for (int i = 0; i < 3; ++i) add_job(10 + i, 1, Seconds{90}, 2);
  write([](db::Session& session) {
    session.execute("update job set worker = case id when 10 then 'runner:1' else 'worker-a1' end");
  });
  EXPECT_NEAR(read().node_media_speed, 2 * 10.0 / 20, 1e-6);
}

TEST_P(BacklogTest, workers_are_those_heard_of_with_what_they_have) {
  add_video(1, Seconds{20});
  add_done(1, 1, Seconds{12});
  add_runner(1, "busy", Seconds{5});
  add_runner(2, "idle", Seconds{30});
  add_runner(3, "silent", k_heard_for + Seconds{1});
  add_job(10, 1, Seconds{90}, 2);
  write([&](db::Session& session) {
    session.execute("update job set worker = 'runner:1', leased_at = :at where id = 10",
                    {now() - Seconds{4}});
  });
  const auto workers = read().workers;
  ASSERT_EQ(workers.size(), 2u);
  EXPECT_EQ(workers[0].name, "busy");
  EXPECT_EQ(workers[0].running_jobs, 1);
  EXPECT_EQ(workers[0].work_left, Seconds{8});
  EXPECT_EQ(workers[1].name, "idle");
  EXPECT_EQ(workers[1].running_jobs, 0);
  EXPECT_EQ(workers[1].last_contact, now() - Seconds{30});
}

}  // namespace
}  // namespace shoal::scaling
