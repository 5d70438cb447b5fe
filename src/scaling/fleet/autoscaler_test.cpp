#include "scaling/fleet/autoscaler.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "io/runtime.h"
#include "scaling/nodes/duties.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"
#include "tests/support/upload_fixture.h"

namespace shoal::scaling {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

/// Does what it is told at once, or nothing at all.
class ObedientDriver final : public ScaleDriver {
 public:
  io::Task<Result<Inventory>> look() override {
    if (!trouble.empty()) co_return fail(ErrorCode::unavailable, trouble);
    Inventory inventory{.count = static_cast<std::uint32_t>(names.size()), .known = {{}}};
    for (const std::string& name : names) inventory.known->push_back({name, {}});
    co_return inventory;
  }
  io::Task<Result<>> apply(ScaleOrder order) override {
    orders.push_back(order);
    if (!refusal.empty()) co_return fail(ErrorCode::unavailable, refusal);
    for (const std::string& name : order.drain) std::erase(names, name);
    for (std::uint32_t i = 0; i < order.start; ++i) names.push_back(fmt::format("w{}", ++started));
    co_return Result<>{};
  }
  io::Task<> stand_down() override {
    ++stood_down;
    co_return;
  }

  std::vector<std::string> names;
  std::vector<ScaleOrder> orders;
  std::string trouble;
  std::string refusal;
  int started = 0;
  int stood_down = 0;
};

class AutoscalerTest : public testing::TestWithParam<db::Engine> {
 protected:
  Autoscaler& autoscaler() {
    if (!made_) {
      made_.emplace(
          config, Autoscaler::Services{*database, *clock, metrics, driver, [this] { return turn; }},
          runtime.executor(0));
    }
    return *made_;
  }
  void TearDown() override {
    if (made_) runtime.run_until_done(made_->stop());
  }
  Result<> step() {
    clock->advance(Seconds{15});
    Result<> out;
    runtime.run_until_done([](Autoscaler& one, Result<>& done) -> io::Task<> {
      done = co_await one.step();
    }(autoscaler(), out));
    return out;
  }
  std::vector<DecisionRecord> decisions() {
    return *database->read_blocking(
        [](db::Session& session) -> Result<std::vector<DecisionRecord>> {
          return list_decisions(session, 100);
        });
  }
  void write(const std::function<void(db::Session&)>& work) {
    ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
      work(session);
      return {};
    }));
  }
  /// A video of `jobs` pieces of ten seconds, all of which wait.
  void add_work(int jobs) {
    const tests::Uploader user = tests::add_uploader(*database, "mo");
    write([&](db::Session& session) {
      session.execute(
          "insert into video (id, uuid, channel_id, name, privacy, state, duration, published_at,"
          " created_at, updated_at) values (1, 'v', :channel, 'v', 1, 2, :duration, 1, 1, 1)",
          {user.channel, jobs * 10'000});
      for (int i = 0; i < jobs; ++i) {
        session.execute(
            "insert into job (kind, video_id, payload, priority, state, run_after, max_attempts,"
            " created_at) values ('encode', 1, '{}', 1, 1, 0, 5, :now)",
            {clock->now() - std::chrono::hours{1}});
      }
    });
  }
  void finish_work() {
    write([](db::Session& session) { session.execute("delete from job"); });
  }
  /// A worker that was heard of after it registered, and has so many jobs.
  void register_worker(const std::string& name, int jobs) {
    write([&](db::Session& session) {
      session.execute("insert into runner_registration_token (token, created_at) values (:name, 1)",
                      {name});
      const auto id = session.insert(
          "insert into runner (registration_token_id, name, ip, token_hash, last_contact_at,"
          " created_at) values ((select max(id) from runner_registration_token), :name, '',"
          " :name, :now, 1) returning id",
          {name, clock->now() + std::chrono::hours{1}});
      for (int i = 0; i < jobs; ++i) {
        session.execute(
            "insert into job (kind, payload, priority, state, run_after, max_attempts, created_at,"
            " worker, leased_at) values ('encode', '{}', 1, 2, 0, 5, 1, :worker, :now)",
            {fmt::format("runner:{}", id), clock->now()});
      }
    });
  }

  std::shared_ptr<tests::ManualClock> clock = std::make_shared<tests::ManualClock>();
  // Before the database, whose threads end first.
  io::Runtime runtime{1};
  tests::TestDatabase database{GetParam(), clock};
  Metrics metrics;
  ObedientDriver driver;
  std::optional<db::Fence> turn = db::unfenced();
  AutoscalerConfig config{.driver = "obedient",
                          .job_kind = "encode",
                          .fleet = {.minimum = 0, .maximum = 5, .down_window = Seconds{60}},
                          .workers = {.target_wait = Seconds{100}, .start_time = Seconds{0}},
                          .worker_concurrency = 2};
  std::optional<Autoscaler> made_;
};
SHOAL_ON_BOTH_ENGINES(AutoscalerTest);

TEST_P(AutoscalerTest, starts_what_the_queue_wants_and_says_why) {
  add_work(25);
  ASSERT_TRUE(step());
  ASSERT_EQ(driver.orders.size(), 1u);
  EXPECT_EQ(driver.orders[0].start, 3u) << "250 s of work, of which each does 100 in its time";
  const auto rows = decisions();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].driver, "obedient");
  EXPECT_EQ(rows[0].wanted, 3u);
  EXPECT_EQ(rows[0].queued_jobs, 25);
  EXPECT_EQ(rows[0].queued_seconds, 250);
  EXPECT_EQ(rows[0].oldest_wait_seconds, 3615);
  EXPECT_THAT(rows[0].reasons, Contains(HasSubstr("250 s of work wait")));
  EXPECT_EQ(metrics.sum("shoal_autoscaler_wanted_workers"), 3);
  EXPECT_EQ(metrics.sum("shoal_autoscaler_queued_seconds"), 250);
  ASSERT_TRUE(step());
  EXPECT_EQ(driver.orders.size(), 1u) << "those that start count";
  EXPECT_EQ(metrics.sum("shoal_autoscaler_workers"), 3);
}

TEST_P(AutoscalerTest, takes_the_pace_that_was_measured) {
  add_work(25);
  // Ten seconds of media in five: with two at once a worker makes four seconds in each.
  write([&](db::Session& session) {
    session.execute("delete from job where id = (select max(id) from job)");
    session.execute(
        "insert into job_history (id, kind, video_id, payload, priority, outcome, attempt,"
        " created_at, leased_at, finished_at) values (99, 'encode', 1, '{}', 1, 1, 1, 1, :begin,"
        " :end)",
        {clock->now() - Seconds{5}, clock->now()});
  });
  ASSERT_TRUE(step());
  const auto rows = decisions();
  EXPECT_NEAR(rows.at(0).media_speed, 4, 1e-6);
  EXPECT_NEAR(rows.at(0).queued_seconds, 60, 1e-6);
  EXPECT_EQ(rows.at(0).wanted, 1u);
}

TEST_P(AutoscalerTest, shrinks_after_the_window_idle_workers_first) {
  driver.names = {"a", "b", "c"};
  register_worker("a", 1);
  register_worker("b", 0);
  register_worker("c", 2);
  config.fleet.minimum = 2;
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(step());
  EXPECT_TRUE(driver.orders.empty()) << "the window";
  ASSERT_TRUE(step());
  ASSERT_EQ(driver.orders.size(), 1u);
  EXPECT_THAT(driver.orders[0].drain, ElementsAre("b"));
  EXPECT_THAT(driver.orders[0].busy, ElementsAre("a", "c"));
}

TEST_P(AutoscalerTest, a_dry_run_says_what_it_would_do_and_does_nothing) {
  config.dry_run = true;
  add_work(25);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(step());
  EXPECT_TRUE(driver.orders.empty());
  const auto rows = decisions();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_TRUE(rows[0].is_dry_run);
  EXPECT_EQ(rows[0].started, 3u);
  EXPECT_THAT(rows[0].reasons, Contains(HasSubstr("dry run")));
}

TEST_P(AutoscalerTest, without_the_turn_it_stands_down_and_does_and_writes_nothing) {
  add_work(25);
  turn.reset();
  ASSERT_TRUE(step());
  EXPECT_EQ(driver.stood_down, 1);
  turn = db::unfenced();
  ASSERT_TRUE(step());
  turn.reset();
  ASSERT_TRUE(step());
  EXPECT_EQ(driver.stood_down, 2);
  EXPECT_EQ(driver.orders.size(), 1u);
  EXPECT_EQ(decisions().size(), 1u);
  EXPECT_EQ(metrics.sum("shoal_autoscaler_wanted_workers"), 0) << "the sum over nodes is right";
}

TEST_P(AutoscalerTest, what_another_holder_decides_is_not_written_over) {
  add_work(25);
  turn = [](db::Session&) -> Result<> {
    return fail(ErrorCode::conflict, "the duty is another's");
  };
  const auto done = step();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::conflict);
  EXPECT_TRUE(decisions().empty());
}

TEST_P(AutoscalerTest, a_driver_that_fails_is_written_down_and_asked_again) {
  add_work(25);
  driver.trouble = "no answer";
  ASSERT_TRUE(step());
  ASSERT_TRUE(step());
  auto rows = decisions();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].error, "no answer");
  EXPECT_TRUE(driver.orders.empty()) << "who does not know what there is changes nothing";
  EXPECT_EQ(metrics.sum("shoal_autoscaler_failures_total"), 2);
  driver.trouble.clear();
  driver.refusal = "quota exceeded";
  ASSERT_TRUE(step());
  rows = decisions();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].error, "quota exceeded");
  driver.refusal.clear();
  ASSERT_TRUE(step());
  EXPECT_EQ(driver.orders.size(), 2u);
  EXPECT_FALSE(decisions()[0].error);
}

TEST_P(AutoscalerTest, rules_and_dashboards_name_metrics_that_there_are) {
  autoscaler();
  Duties duties(*database, "node", *clock, metrics, runtime.executor(0));
  const std::string exported = metrics.render();
  const std::regex name("shoal_[a-z_]+");
  int found = 0;
  for (const char* file : {"prometheus/shoal.rules.yaml", "grafana/workers.json"}) {
    std::ifstream stream(std::string(SHOAL_SOURCE_DIR) + "/deploy/" + file);
    std::stringstream buffer;
    buffer << stream.rdbuf();
    const std::string text = buffer.str();
    for (std::sregex_iterator at(text.begin(), text.end(), name); at != std::sregex_iterator();
         ++at, ++found)
      EXPECT_THAT(exported, HasSubstr("# TYPE " + at->str() + " ")) << file;
  }
  EXPECT_GT(found, 10);
  runtime.run_until_done(duties.stop());
}

TEST_P(AutoscalerTest, the_load_is_sampled_for_the_daily_rhythm) {
  ASSERT_TRUE(step());
  ASSERT_TRUE(step());
  const auto samples = *database->read_blocking(
      [](db::Session& session) -> Result<std::vector<LoadSample>> { return list_load(session); });
  EXPECT_EQ(samples.size(), 1u);
}

}  // namespace
}  // namespace shoal::scaling
