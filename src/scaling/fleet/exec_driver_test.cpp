#include "scaling/fleet/exec_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "io/runtime.h"
#include "tests/support/temporary_directory.h"

namespace shoal::scaling {
namespace {

using testing::HasSubstr;

/// Real scripts, run by the real runner.
class ExecDriverTest : public testing::Test {
 protected:
  ExecDriver driver(std::string_view text, Seconds limit = Seconds{20}) {
    const auto path = folder.path() / "scale.sh";
    std::ofstream(path) << "#!/bin/sh\n" << text;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return {{.script = path.string(), .name_prefix = "vm-", .time_limit = limit}, processes};
  }
  Result<Inventory> look(ExecDriver&& scaled) {
    Result<Inventory> out;
    runtime.run_until_done([](ExecDriver& one, Result<Inventory>& found) -> io::Task<> {
      found = co_await one.look();
    }(scaled, out));
    return out;
  }
  Result<> apply(ExecDriver&& scaled, ScaleOrder order) {
    Result<> out;
    runtime.run_until_done([](ExecDriver& one, ScaleOrder what, Result<>& done) -> io::Task<> {
      done = co_await one.apply(std::move(what));
    }(scaled, std::move(order), out));
    return out;
  }
  std::string error_of(std::string_view script, Seconds limit = Seconds{20}) {
    const auto looked = look(driver(script, limit));
    return looked ? "no error" : looked.error().message;
  }
  std::string called() const {
    std::ifstream file(folder.path() / "called");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  std::string noting() const {
    return "echo \"$@\" >> " + (folder.path() / "called").string() + "\n";
  }

  tests::TemporaryDirectory folder;
  io::SandboxedRunner processes{io::Confinement::limits};
  io::Runtime runtime{1};
};

TEST_F(ExecDriverTest, asks_the_script_how_many_there_are) {
  const auto looked = look(driver("[ \"$*\" = count ] && echo 3\n"));
  ASSERT_TRUE(looked) << looked.error().message;
  EXPECT_EQ(looked->count, 3u);
  EXPECT_FALSE(looked->known);
  EXPECT_EQ(looked->name_prefix, "vm-");
}

TEST_F(ExecDriverTest, what_is_no_number_of_workers_is_not_believed) {
  EXPECT_THAT(error_of("echo many\n"), HasSubstr("printed 'many', which is no number from 0"));
  EXPECT_THAT(error_of("echo -1\n"), HasSubstr("printed '-1'"));
  EXPECT_THAT(error_of("echo 1000000\n"), HasSubstr("printed '1000000'"));
  EXPECT_THAT(error_of("echo 99999999999999999999999999\n"), HasSubstr("no number"));
  EXPECT_THAT(error_of("true\n"), HasSubstr("printed ''"));
  EXPECT_THAT(error_of("echo 3; echo 4\n"), HasSubstr("printed '3 4'"));
  EXPECT_THAT(error_of("printf 'a\\033[2Jb'\n"), HasSubstr("printed 'a [2Jb'"));
}

TEST_F(ExecDriverTest, what_fails_is_told_with_its_status_and_words) {
  EXPECT_THAT(error_of("echo 3; echo no credentials >&2; exit 7\n"),
              HasSubstr("ended with status 7: no credentials"));
  EXPECT_THAT(error_of("kill -9 $$\n"), HasSubstr("ended with status 137"));
  ExecDriver missing({.script = (folder.path() / "none").string()}, processes);
  EXPECT_FALSE(look(std::move(missing)));
}

TEST_F(ExecDriverTest, what_hangs_is_killed_with_all_that_it_started) {
  const auto begin = std::chrono::steady_clock::now();
  const std::string pid = (folder.path() / "pid").string();
  EXPECT_THAT(error_of("sleep 100 & echo $! > " + pid + "; wait\n", Seconds{1}),
              HasSubstr("did not end within 1 s"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, Seconds{20});
  std::ifstream file(pid);
  std::string number;
  file >> number;
  ASSERT_FALSE(number.empty());
  // Killed: gone, or a corpse that nobody has buried yet.
  std::ifstream stat("/proc/" + number + "/stat");
  std::string state;
  stat >> state >> state >> state;
  EXPECT_TRUE(state.empty() || state == "Z") << state;
}

TEST_F(ExecDriverTest, what_talks_without_end_is_cut_off) {
  const std::string error = error_of("yes | head -c 10000000\n");
  EXPECT_THAT(error, HasSubstr("no number"));
  EXPECT_LT(error.size(), 1'000u);
}

TEST_F(ExecDriverTest, scales_to_what_is_wanted_and_never_below_what_is_busy) {
  ASSERT_TRUE(apply(driver(noting()), {.wanted = 4, .start = 2}));
  ASSERT_TRUE(apply(driver(noting()), {.wanted = 1, .drain = {"vm-1", "vm-2"}, .busy = {"vm-3"}}));
  ASSERT_TRUE(
      apply(driver(noting()), {.wanted = 1, .drain = {"vm-1", "vm-2"}, .busy = {"vm-2", "vm-3"}}));
  ASSERT_TRUE(
      apply(driver(noting()), {.wanted = 0, .drain = {"vm-1"}, .busy = {"vm-1", "vm-2", "vm-3"}}))
      << "some of them are about to go already";
  EXPECT_EQ(called(), "scale 4\nscale 1\nscale 2\nscale 1\n");
}

}  // namespace
}  // namespace shoal::scaling
