// That the end of every child is seen, and that no child outlives us: both go wrong once in many.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <random>

#include "io/process.h"
#include "io/runtime.h"
#include "io/task_group.h"

namespace shoal::io {
namespace {

Command program(std::string name, std::string argument) {
  Command command;
  command.program = std::move(name);
  command.arguments = {std::move(argument)};
  return command;
}

Task<> run_many(SandboxedRunner& runner, int count, std::atomic<int>& good) {
  for (int i = 0; i < count; ++i) {
    const auto exit = co_await runner.run(program("/bin/echo", "out"));
    if (exit && exit->status == 0 && exit->standard_output == "out\n") ++good;
  }
}

class ProcessLifeTest : public testing::TestWithParam<Confinement> {};

/// A child whose end is missed never ends, and nor would this test.
TEST_P(ProcessLifeTest, no_end_of_a_short_child_is_missed) {
  constexpr int k_tasks = 12;
  const int each = GetParam() == Confinement::limits ? 200 : 15;
  Runtime runtime(4);
  SandboxedRunner runner(GetParam());
  ASSERT_EQ(runner.confinement(), GetParam());
  std::atomic<int> good{0};
  TaskGroup group(runtime.executor(0), "test");
  for (int i = 0; i < k_tasks; ++i)
    group.spawn_on(runtime.next_executor(), run_many(runner, each, good));
  runtime.run_until_done(group.drain());
  EXPECT_EQ(good, k_tasks * each);
}

Task<> start_one(SandboxedRunner& runner, int started) {
  std::ignore = ::write(started, "s", 1);
  std::ignore = co_await runner.run(program("/bin/sleep", "60"));
}

/// A process that starts child after child and tells of each; never returns.
[[noreturn]] void start_children(Confinement confinement, int started) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  Runtime runtime(2);
  SandboxedRunner runner(confinement);
  std::ignore = runner.confinement();
  TaskGroup group(runtime.executor(0), "test");
  for (int i = 0; i < 8; ++i) group.spawn_on(runtime.next_executor(), start_one(runner, started));
  for (;;) ::pause();
}

/// kill -9 of such a process; its children become ours and are waited for. One that was not killed
/// with it ends by itself a minute later. Returns how many did.
int survivors_of_kill(Confinement confinement, std::mt19937& random) {
  int ends[2];
  if (::pipe(ends) != 0) return -1;
  const pid_t victim = ::fork();
  if (victim == 0) start_children(confinement, ends[1]);
  ::close(ends[1]);
  char told = 0;
  for (auto left = 1 + random() % 8; left > 0 && ::read(ends[0], &told, 1) == 1; --left) {
  }
  ::kill(victim, SIGKILL);
  ::close(ends[0]);
  int survivors = 0;
  int status = 0;
  while (::waitpid(-1, &status, 0) > 0)
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) ++survivors;
  return survivors;
}

TEST_P(ProcessLifeTest, no_child_outlives_a_killed_parent) {
  constexpr std::uint_fast32_t k_seed = 1;
  std::mt19937 random(k_seed);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(survivors_of_kill(GetParam(), random), 0) << "kill " << i;
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/// Not bubblewrap alone: what it had only begun to set up does outlive us, which is why the PID
/// namespace is ours.
INSTANTIATE_TEST_SUITE_P(Confinement, ProcessLifeTest,
                         testing::Values(Confinement::limits, Confinement::namespaces),
                         [](const auto& test) {
                           return test.param == Confinement::limits ? "limits" : "namespaces";
                         });

}  // namespace
}  // namespace shoal::io
