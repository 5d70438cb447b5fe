#pragma once

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "io/process.h"

namespace shoal::tests {

/// Runs a command as it is, without a sandbox, and blocks until it ends. For tests of the commands
/// themselves; the sandbox has its own tests.
class PlainRunner final : public io::ProcessRunner {
 public:
  io::Task<Result<io::ProcessExit>> run(io::Command command) override {
    co_return run_now(command);
  }

  /// CPU time of all children so far.
  Milliseconds cpu_time{0};
  std::size_t runs = 0;

 private:
  struct Pipe {
    std::array<int, 2> ends{-1, -1};
    Pipe() {
      if (::pipe2(ends.data(), O_CLOEXEC) != 0) ends = {-1, -1};
    }
    ~Pipe() { close_both(); }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    void close_end(int which) {
      int& end = ends.at(static_cast<std::size_t>(which));
      if (end >= 0) ::close(end);
      end = -1;
    }
    void close_both() {
      close_end(0);
      close_end(1);
    }
  };

  Result<io::ProcessExit> run_now(io::Command& command) {
    Pipe out;
    Pipe err;
    std::vector<char*> arguments{command.program.data()};
    for (std::string& argument : command.arguments) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out.ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, err.ends[1], 2);
    pid_t child = 0;
    const int failed =
        posix_spawnp(&child, command.program.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) return fail(ErrorCode::unavailable, "cannot start " + command.program);
    out.close_end(1);
    err.close_end(1);
    io::ProcessExit exit;
    drain(out.ends[0], err.ends[0], command, exit);
    int status = 0;
    rusage usage{};
    ::wait4(child, &status, 0, &usage);
    exit.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    exit.cpu_time = Milliseconds((usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
                                 (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000);
    cpu_time += exit.cpu_time;
    ++runs;
    return exit;
  }

  static void drain(int out, int err, io::Command& command, io::ProcessExit& exit) {
    std::array<pollfd, 2> fds{pollfd{out, POLLIN, 0}, pollfd{err, POLLIN, 0}};
    std::array<char, 65536> buffer{};
    std::string line;
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
      if (::poll(fds.data(), fds.size(), -1) < 0) return;
      for (std::size_t i = 0; i < fds.size(); ++i) {
        if (fds.at(i).fd < 0 || fds.at(i).revents == 0) continue;
        const ssize_t got = ::read(fds.at(i).fd, buffer.data(), buffer.size());
        if (got <= 0) {
          fds.at(i).fd = -1;
          continue;
        }
        const std::string_view text(buffer.data(), static_cast<std::size_t>(got));
        if (i == 1) {
          exit.standard_error += text;
        } else if (!command.on_stdout_line) {
          exit.standard_output += text;
        } else {
          take_lines(line, text, command);
        }
      }
    }
  }

  static void take_lines(std::string& line, std::string_view text, io::Command& command) {
    for (const char c : text) {
      if (c != '\n') {
        line += c;
        continue;
      }
      command.on_stdout_line(line);
      line.clear();
    }
  }
};

}  // namespace shoal::tests
