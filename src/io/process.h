#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"
#include "io/task.h"

namespace shoal::io {

/// What a child may touch and use. The sandbox is bubblewrap: no network, a read-only system, its
/// own /tmp, and only the paths named here; rlimits on top. The child dies with us.
struct Sandbox {
  std::vector<std::filesystem::path> readable;
  std::vector<std::filesystem::path> writable;
  Seconds cpu_limit{3600};
  Seconds wall_limit{7200};
  ByteCount memory_limit = 2_GiB;
  /// Largest file the child may write (RLIMIT_FSIZE).
  ByteCount output_limit = 64_GiB;
  /// nice 19 and the idle I/O class.
  bool lowest_priority = true;
};

struct Command {
  std::string program;
  std::vector<std::string> arguments;
  Sandbox sandbox;
  /// Bytes of standard output and of standard error that are kept (the tail of the latter).
  ByteCount capture_limit = 4_MiB;
  /// Called with each line of standard output instead of keeping it, where set (ffmpeg -progress).
  std::function<void(std::string_view)> on_stdout_line;
};

struct ProcessExit {
  int status = 0;  ///< exit code, or 128 + signal
  bool timed_out = false;
  bool memory_exceeded = false;
  std::string standard_output;
  std::string standard_error;
  Milliseconds cpu_time{0};
};

/// The seam to other programs. Any thread. Cancelling the task kills the whole child tree and waits
/// for it. Errors: unavailable when the child cannot be started; a child that fails is a
/// ProcessExit with a status, not an Error.
class ProcessRunner {
 public:
  virtual ~ProcessRunner() = default;
  virtual Task<Result<ProcessExit>> run(Command command) = 0;
};

/// bubblewrap where it works (checked once at start), else rlimits only and a warning in the log.
class SandboxedRunner final : public ProcessRunner {
 public:
  SandboxedRunner();
  Task<Result<ProcessExit>> run(Command command) override;
  bool sandboxed() const { return sandboxed_; }

 private:
  bool sandboxed_;
};

}  // namespace shoal::io
