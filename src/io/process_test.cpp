#include "io/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>

#include "io/runtime.h"
#include "io/task_group.h"
#include "tests/support/temporary_directory.h"

namespace shoal::io {
namespace {

Task<> run_into(SandboxedRunner& runner, Command command,
                std::optional<Result<ProcessExit>>& result) {
  result = co_await runner.run(std::move(command));
}

class ProcessTest : public testing::TestWithParam<Confinement> {
 protected:
  Result<ProcessExit> run(Command command) {
    std::optional<Result<ProcessExit>> result;
    runtime_.run_until_done(run_into(runner_, std::move(command), result));
    return *std::move(result);
  }

  static Command shell(std::string script) {
    Command command;
    command.program = "/bin/sh";
    command.arguments = {"-c", std::move(script)};
    command.sandbox.wall_limit = Seconds(20);
    command.sandbox.may_fork = true;
    return command;
  }

  /// Not where bubblewrap makes the PID namespace: it does not wait for whom it started.
  static bool counts_all_cpu_time() { return GetParam() != Confinement::bubblewrap; }

  void write(const std::string& name, std::string_view text) {
    std::filesystem::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name) << text;
  }

  Runtime runtime_{1};
  SandboxedRunner runner_{GetParam()};
  tests::TemporaryDirectory folder_;
};

/// What only bubblewrap can promise.
class SandboxTest : public ProcessTest {};

TEST_P(ProcessTest, tells_status_output_and_cpu_time) {
  const auto exit = run(shell("echo out; echo err >&2; exit 3"));
  ASSERT_TRUE(exit) << exit.error().message;
  EXPECT_EQ(exit->status, 3);
  EXPECT_EQ(exit->standard_output, "out\n");
  EXPECT_EQ(exit->standard_error, "err\n");
  const auto busy = run(shell("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"));
  if (counts_all_cpu_time()) EXPECT_GT(busy->cpu_time, Milliseconds(20));
}

TEST_P(ProcessTest, a_signal_is_a_status_over_128) {
  EXPECT_EQ(run(shell("kill -TERM $$"))->status, 128 + SIGTERM);
}

TEST_P(ProcessTest, a_missing_program_or_path_is_unavailable) {
  Command command;
  command.program = "no-such-program";
  EXPECT_EQ(run(command).error().code, ErrorCode::unavailable);
  command = shell("true");
  command.sandbox.readable = {folder_.path() / "missing"};
  EXPECT_EQ(run(command).error().code, ErrorCode::unavailable);
}

TEST_P(ProcessTest, lines_of_output_arrive_whole) {
  std::vector<std::string> lines;
  auto command = shell("printf 'one\\ntw'; printf 'o\\nrest'");
  command.on_stdout_line = [&lines](std::string_view line) { lines.emplace_back(line); };
  const auto exit = run(command);
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "rest"}));
  EXPECT_TRUE(exit->standard_output.empty());
}

TEST_P(ProcessTest, an_exception_of_the_line_callback_ends_the_child) {
  auto command = shell("echo line; sleep 1000");
  command.on_stdout_line = [](std::string_view) { throw std::runtime_error("enough"); };
  EXPECT_THROW(std::ignore = run(command), std::runtime_error);
}

TEST_P(ProcessTest, keeps_the_head_of_output_and_the_tail_of_errors) {
  auto command = shell("seq 1 20000; seq 1 20000 >&2");
  command.capture_limit = ByteCount{1000};
  const auto exit = run(command);
  EXPECT_EQ(exit->standard_output.size(), 1000U);
  EXPECT_TRUE(exit->standard_output.starts_with("1\n2\n"));
  EXPECT_EQ(exit->standard_error.size(), 1000U);
  EXPECT_TRUE(exit->standard_error.ends_with("19999\n20000\n"));
}

TEST_P(ProcessTest, a_hang_ends_at_the_wall_limit) {
  auto command = shell("sleep 1000");
  command.sandbox.wall_limit = Seconds(1);
  const auto exit = run(command);
  EXPECT_TRUE(exit->timed_out);
  EXPECT_EQ(exit->status, 128 + SIGKILL);
}

TEST_P(ProcessTest, a_busy_loop_ends_at_the_cpu_limit) {
  auto command = shell("while :; do :; done");
  command.sandbox.cpu_limit = Seconds(1);
  const auto exit = run(command);
  EXPECT_TRUE(exit->timed_out);
  // The kernel counts ticks for the limit and time for the sum.
  if (counts_all_cpu_time()) EXPECT_GE(exit->cpu_time, Milliseconds(800));
}

TEST_P(ProcessTest, an_output_bomb_costs_no_memory_and_ends) {
  auto command = shell("yes");
  command.sandbox.cpu_limit = Seconds(1);
  command.capture_limit = 1_MiB;
  const auto exit = run(command);
  EXPECT_NE(exit->status, 0);
  EXPECT_EQ(exit->standard_output.size(), (1_MiB).value);
}

TEST_P(ProcessTest, a_memory_bomb_ends_and_is_named) {
  auto command = shell("tail /dev/zero");
  command.sandbox.memory_limit = 64_MiB;
  const auto exit = run(command);
  EXPECT_NE(exit->status, 0);
  EXPECT_TRUE(exit->memory_exceeded) << exit->standard_error;
}

TEST_P(SandboxTest, memory_of_all_processes_together_is_limited) {
  ASSERT_EQ(runner_.confinement(), GetParam());
  auto command = shell(
      "for i in 1 2 3 4 5 6; do head -c 40M /dev/zero | (sleep 1; tail -c 39M) & "
      "done | sleep 1000; wait");
  command.sandbox.memory_limit = 128_MiB;
  const auto exit = run(command);
  EXPECT_TRUE(exit->memory_exceeded) << exit->standard_error;
}

TEST_P(SandboxTest, a_fork_bomb_does_not_start) {
  ASSERT_EQ(runner_.confinement(), GetParam());
  auto command = shell("b() { b | b & }; b; b; exit 5");
  command.sandbox.may_fork = false;
  const auto exit = run(command);
  ASSERT_TRUE(exit) << exit.error().message;
  EXPECT_EQ(exit->status, 2);
  EXPECT_NE(exit->standard_error.find("Cannot fork"), std::string::npos) << exit->standard_error;
}

TEST_P(ProcessTest, too_many_processes_are_ended) {
  auto command = shell("i=0; while [ $i -lt 60 ]; do sleep 1000 & i=$((i+1)); done; wait");
  command.sandbox.task_limit = 40;
  const auto exit = run(command);
  ASSERT_TRUE(exit) << exit.error().message;
  EXPECT_TRUE(exit->tasks_exceeded);
}

TEST_P(SandboxTest, system_calls_that_no_media_tool_needs_are_refused) {
  ASSERT_EQ(runner_.confinement(), GetParam());
  EXPECT_NE(run(shell("unshare --user true"))->status, 0);
  EXPECT_NE(run(shell("mount -t tmpfs none /tmp"))->status, 0);
}

TEST_P(ProcessTest, files_end_at_the_output_limit) {
  auto command = shell("head -c 1000000 /dev/zero > '" + folder_.path().string() + "/file'");
  command.sandbox.writable = {folder_.path()};
  command.sandbox.output_limit = ByteCount{65536};
  EXPECT_NE(run(command)->status, 0);
  EXPECT_EQ(std::filesystem::file_size(folder_.path() / "file"), 65536U);
}

TEST_P(SandboxTest, sees_only_the_paths_it_was_given) {
  ASSERT_EQ(runner_.confinement(), GetParam());
  write("mine/file", "mine");
  write("sibling/file", "other");
  const auto mine = (folder_.path() / "mine").string();
  const auto sibling = (folder_.path() / "sibling").string();
  auto command = shell("cat " + mine + "/file; cat " + sibling +
                       "/file; cat /etc/shadow; "
                       "echo x > " +
                       mine + "/new; echo x > /usr/new; ls /; ls /tmp; exit 0");
  command.sandbox.readable = {mine};
  const auto exit = run(command);
  EXPECT_TRUE(exit->standard_output.starts_with("mine")) << exit->standard_output;
  EXPECT_EQ(exit->standard_output.find("other"), std::string::npos);
  EXPECT_EQ(exit->standard_output.find("root:"), std::string::npos);
  EXPECT_EQ(exit->standard_output.find("home"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "mine" / "new"));
  command.sandbox.readable.clear();
  command.sandbox.writable = {mine};
  std::ignore = run(command);
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "mine" / "new"));
}

TEST_P(ProcessTest, gets_no_environment_of_ours) {
  ::setenv("SHOAL_SECRET", "hidden", 1);
  const auto exit = run(shell("env"));
  EXPECT_EQ(exit->standard_output.find("SHOAL_SECRET"), std::string::npos);
  EXPECT_NE(exit->standard_output.find("PATH="), std::string::npos);
}

TEST_P(ProcessTest, runs_at_the_lowest_priority) {
  const auto exit = run(shell("nice; ionice; chrt -p $$ | head -1"));
  EXPECT_THAT(exit->standard_output,
              testing::AllOf(testing::StartsWith("19\nidle\n"), testing::HasSubstr("SCHED_IDLE")));
}

TEST_P(ProcessTest, is_scheduled_in_our_group) {
  // Where the kernel has autogroups: in another one its low priority would not count against us.
  std::ifstream file("/proc/self/autogroup");
  const std::string ours((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(run(shell("cat /proc/self/autogroup 2>/dev/null || true"))->standard_output, ours);
}

TEST_P(SandboxTest, types_nothing_into_a_terminal) {
  Command command;
  command.program = "perl";
  command.arguments = {"-e", "my $c = 'x'; ioctl(STDIN, 0x5412, $c); exit($! + 0)"};
  EXPECT_EQ(run(command)->status, EPERM);
}

TEST_P(SandboxTest, has_no_network) {
  ASSERT_EQ(runner_.confinement(), GetParam());
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  Command command;
  command.program = "perl";
  command.arguments = {
      "-MIO::Socket::INET", "-e",
      fmt::format("exit(IO::Socket::INET->new(PeerAddr => '127.0.0.1:{}') ? 0 : 7)",
                  ntohs(address.sin_port))};
  EXPECT_EQ(run(command)->status, 7);
  ::close(listener);
}

std::string name_of(const testing::TestParamInfo<Confinement>& test) {
  switch (test.param) {
    case Confinement::limits:
      return "limits_only";
    case Confinement::bubblewrap:
      return "bubblewrap";
    case Confinement::namespaces:
      return "namespaces";
  }
  return {};
}

INSTANTIATE_TEST_SUITE_P(Sandbox, ProcessTest,
                         testing::Values(Confinement::limits, Confinement::bubblewrap,
                                         Confinement::namespaces),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Sandbox, SandboxTest,
                         testing::Values(Confinement::bubblewrap, Confinement::namespaces),
                         name_of);

/// Processes whose command line holds `text`.
int count_processes(std::string_view text) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    // A process may end meanwhile: what cannot be read does not count.
    const int file = ::open((entry.path() / "cmdline").c_str(), O_RDONLY | O_CLOEXEC);
    std::array<char, 4096> buffer;
    const auto size = file < 0 ? 0 : ::read(file, buffer.data(), buffer.size());
    if (file >= 0) ::close(file);
    const std::string_view line(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    if (line.find(text) != std::string::npos) ++count;
  }
  return count;
}

Task<> run_for_ever(SandboxedRunner& runner, Command command, bool& cancelled) {
  try {
    std::ignore = co_await runner.run(std::move(command));
  } catch (const boost::system::system_error& error) {
    cancelled = error.code() == boost::asio::error::operation_aborted;
  }
}

TEST_P(ProcessTest, cancellation_kills_the_whole_tree_and_waits_for_it) {
  const auto mark = std::to_string(100'000 + ::getpid());
  auto command = shell("(setsid sleep " + mark + " & sleep " + mark + " & echo started; wait)");
  std::promise<void> started;
  command.on_stdout_line = [&started](std::string_view) { started.set_value(); };
  if (!runner_.sandboxed()) command.arguments[1].erase(1, 7);
  TaskGroup group(runtime_.executor(0), "test");
  bool cancelled = false;
  group.spawn(run_for_ever(runner_, std::move(command), cancelled));
  started.get_future().wait();
  EXPECT_GT(count_processes("sleep"), 0);
  runtime_.run_until_done(group.stop());
  EXPECT_TRUE(cancelled);
  EXPECT_EQ(count_processes(mark), 0);
}

}  // namespace
}  // namespace shoal::io
