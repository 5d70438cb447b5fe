#include "scaling/fleet/process_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "io/runtime.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_directory.h"

namespace shoal::scaling {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view k_patient =
    "trap 'exit 0' TERM INT; echo $$ > \"$2/pid\"; while :; do sleep 0.01; done";

/// Real processes: a shell in the place of a worker. "$2" is its folder.
class ProcessDriverTest : public testing::Test {
 protected:
  ProcessDriver::Entry entry() {
    return {.enroll = [this](std::string name,
                             std::string home) { return enroll(std::move(name), std::move(home)); },
            .dismiss = [this](std::string name) { return dismiss(std::move(name)); }};
  }
  ProcessDriver& driver(std::string_view script = k_patient) {
    if (!made_) {
      made_.emplace(ProcessDriverConfig{.program = "/bin/sh",
                                        .arguments = {"-c", std::string(script), "sh"},
                                        .folder = folder.path().string(),
                                        .name_prefix = "box-",
                                        .drain_limit = Seconds{5}},
                    entry(), clock);
    }
    return *made_;
  }
  void TearDown() override {
    if (made_) stop();
  }
  io::Task<Result<>> enroll(std::string name, std::string home) {
    if (is_closed) co_return fail(ErrorCode::unavailable, "nobody is let in");
    std::filesystem::create_directories(home);
    homes[name] = home;
    co_return Result<>{};
  }
  io::Task<> dismiss(std::string name) {
    dismissed.push_back(std::move(name));
    co_return;
  }

  std::vector<std::string> look() {
    std::vector<std::string> names;
    runtime.run_until_done([](ProcessDriver& one, std::vector<std::string>& found) -> io::Task<> {
      const auto inventory = co_await one.look();
      for (const KnownWorker& worker : *inventory->known) found.push_back(worker.name);
    }(driver(), names));
    return names;
  }
  /// Looks until the answer is so long; a worker's end is not ours to command.
  std::vector<std::string> look_until(std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + Seconds{30};
    auto names = look();
    while (names.size() != count && std::chrono::steady_clock::now() < deadline) names = look();
    return names;
  }
  Result<> apply(ScaleOrder order) {
    Result<> out;
    runtime.run_until_done([](ProcessDriver& one, ScaleOrder what, Result<>& done) -> io::Task<> {
      done = co_await one.apply(std::move(what));
    }(driver(), std::move(order), out));
    return out;
  }
  void stop() { runtime.run_until_done(driver().stop()); }
  /// Of a worker whose script has begun.
  pid_t pid_of(const std::string& name) {
    pid_t pid = 0;
    const auto deadline = std::chrono::steady_clock::now() + Seconds{30};
    while (pid == 0 && std::chrono::steady_clock::now() < deadline)
      std::ifstream(homes.at(name) + "/pid") >> pid;
    return pid;
  }

  tests::TemporaryDirectory folder;
  tests::ManualClock clock;
  io::Runtime runtime{1};
  bool is_closed = false;
  std::map<std::string, std::string> homes;
  std::vector<std::string> dismissed;
  std::optional<ProcessDriver> made_;
};

TEST_F(ProcessDriverTest, starts_as_many_as_it_is_told_each_with_a_folder_of_its_own) {
  EXPECT_TRUE(look().empty());
  ASSERT_TRUE(apply({.wanted = 2, .start = 2}));
  EXPECT_THAT(look(), ElementsAre("box-1", "box-2"));
  EXPECT_NE(pid_of("box-1"), pid_of("box-2"));
}

TEST_F(ProcessDriverTest, a_worker_that_drains_is_counted_no_more_and_ends_when_it_wants) {
  driver(
      "trap : TERM; trap 'exit 0' INT; echo $$ > \"$2/pid\"; while [ ! -e \"$2/done\" ]; do sleep "
      "0.01; done");
  ASSERT_TRUE(apply({.wanted = 2, .start = 2}));
  const pid_t pid = pid_of("box-1");
  ASSERT_TRUE(apply({.wanted = 1, .drain = {"box-1"}}));
  EXPECT_THAT(look(), ElementsAre("box-2"));
  EXPECT_EQ(::kill(pid, 0), 0) << "it was told, not killed";
  ASSERT_TRUE(apply({.wanted = 2, .start = 1}));
  EXPECT_THAT(look(), ElementsAre("box-2", "box-3")) << "its place is taken until it is gone";
  EXPECT_TRUE(dismissed.empty());
  std::ofstream(homes.at("box-1") + "/done") << "x";
  const auto deadline = std::chrono::steady_clock::now() + Seconds{30};
  while (dismissed.empty() && std::chrono::steady_clock::now() < deadline) look();
  EXPECT_THAT(dismissed, ElementsAre("box-1"));
}

TEST_F(ProcessDriverTest, a_worker_that_drains_for_too_long_is_killed) {
  driver("trap : TERM; echo $$ > \"$2/pid\"; while :; do sleep 0.01; done");
  ASSERT_TRUE(apply({.wanted = 1, .start = 1}));
  pid_of("box-1");
  ASSERT_TRUE(apply({.wanted = 0, .drain = {"box-1"}}));
  clock.advance(Seconds{64});
  look();
  EXPECT_TRUE(dismissed.empty());
  clock.advance(Seconds{2});
  const auto deadline = std::chrono::steady_clock::now() + Seconds{30};
  while (dismissed.empty() && std::chrono::steady_clock::now() < deadline) look();
  EXPECT_THAT(dismissed, ElementsAre("box-1"));
}

TEST_F(ProcessDriverTest, a_crash_is_missed_and_the_next_start_waits_longer_each_time) {
  driver("exit 3");
  ASSERT_TRUE(apply({.wanted = 1, .start = 1}));
  EXPECT_TRUE(look_until(0).empty());
  EXPECT_THAT(dismissed, ElementsAre("box-1"));
  const auto refused = apply({.wanted = 1, .start = 1});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("box-1 ended by itself with status 3"));
  EXPECT_THAT(refused.error().message, HasSubstr("after 2 s"));
  clock.advance(Seconds{2});
  ASSERT_TRUE(apply({.wanted = 1, .start = 1}));
  EXPECT_TRUE(look_until(0).empty());
  clock.advance(Seconds{2});
  EXPECT_FALSE(apply({.wanted = 1, .start = 1}));
  clock.advance(Seconds{2});
  EXPECT_TRUE(apply({.wanted = 1, .start = 1}));
}

TEST_F(ProcessDriverTest, one_that_worked_for_a_while_is_followed_soon) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(apply({.wanted = 1, .start = 1})) << i;
    const pid_t pid = pid_of("box-1");
    clock.advance(Seconds{60});
    ::kill(pid, SIGKILL);
    EXPECT_TRUE(look_until(0).empty());
    std::filesystem::remove(homes.at("box-1") + "/pid");
    clock.advance(Seconds{2});
  }
}

TEST_F(ProcessDriverTest, who_is_not_let_in_is_not_started) {
  is_closed = true;
  const auto done = apply({.wanted = 1, .start = 1});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "nobody is let in");
  EXPECT_TRUE(look().empty());
}

TEST_F(ProcessDriverTest, what_cannot_be_started_is_an_error) {
  ProcessDriver broken({.program = "/nonexistent/shoal",
                        .arguments = {},
                        .folder = folder.path().string(),
                        .name_prefix = "box-"},
                       entry(), clock);
  Result<> done;
  runtime.run_until_done([](ProcessDriver& one, Result<>& out) -> io::Task<> {
    out = co_await one.apply({.wanted = 1, .start = 1});
  }(broken, done));
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("cannot start /nonexistent/shoal"));
  EXPECT_THAT(dismissed, ElementsAre("box-1")) << "nobody is left in the list";
}

TEST_F(ProcessDriverTest, all_drain_when_it_is_anothers_turn_and_end_with_the_server) {
  ASSERT_TRUE(apply({.wanted = 2, .start = 2}));
  const pid_t pid = pid_of("box-1");
  pid_of("box-2");
  runtime.run_until_done(driver().stand_down());
  EXPECT_TRUE(look().empty());
  const auto deadline = std::chrono::steady_clock::now() + Seconds{30};
  while (dismissed.size() < 2 && std::chrono::steady_clock::now() < deadline)
    runtime.run_until_done(driver().stand_down());
  EXPECT_EQ(dismissed.size(), 2u) << "also while nobody looks";
  ASSERT_TRUE(apply({.wanted = 1, .start = 1}));
  const std::string name = look().front();
  const pid_t last = pid_of(name);
  stop();
  EXPECT_NE(::kill(pid, 0), 0);
  EXPECT_NE(::kill(last, 0), 0);
}

}  // namespace
}  // namespace shoal::scaling
