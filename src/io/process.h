#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"
#include "io/task.h"

namespace shoal::io {

/// What a child may touch and use. The sandbox is bubblewrap: no network, a read-only system, its
/// own /tmp (in memory, where it also starts), no environment but PATH and HOME, and only the paths
/// named here (absolute, existing; files or folders), a system call filter; rlimits on top. The
/// child dies with us.
struct Sandbox {
  std::vector<std::filesystem::path> readable;
  std::vector<std::filesystem::path> writable;
  Seconds cpu_limit{3600};
  Seconds wall_limit{7200};
  /// Address space of each process (RLIMIT_AS), and resident memory of all of them together.
  ByteCount memory_limit = 2_GiB;
  /// Processes and threads of the child together; ffmpeg starts dozens of threads.
  std::size_t task_limit = 512;
  /// Largest file the child may write (RLIMIT_FSIZE).
  ByteCount output_limit = 64_GiB;
  /// Whether it may start processes. Threads are always fine.
  bool may_fork = false;
  /// The idle classes of CPU and I/O: whoever else wants to run goes first, at once.
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
  int status = 0;          ///< exit code, or 128 + signal
  bool timed_out = false;  ///< over wall_limit or cpu_limit
  bool memory_exceeded = false;
  bool tasks_exceeded = false;
  std::string standard_output;
  std::string standard_error;
  Milliseconds cpu_time{0};  ///< of all its processes that it waited for
};

/// The seam to other programs. Any thread. Cancelling the task kills the whole child tree and waits
/// for it. Errors: unavailable when the child cannot be started; a child that fails is a
/// ProcessExit with a status, not an Error.
class ProcessRunner {
 public:
  virtual ~ProcessRunner() = default;
  virtual Task<Result<ProcessExit>> run(Command command) = 0;
};

/// How a child is held, from weak to strong.
enum class Confinement : std::uint8_t {
  limits,      ///< rlimits and a session of its own, which a child may leave
  bubblewrap,  ///< bubblewrap makes the PID namespace: what it had only begun may outlive kill -9
  namespaces,  ///< bubblewrap inside a PID namespace of ours: nothing outlives us
};

/// The strongest confinement that works here (tried once, when first needed); a warning in the log
/// where that is limits only. Children are killed when the thread that runs the calling task ends.
class SandboxedRunner final : public ProcessRunner {
 public:
  /// `strongest`: what is not even tried is above it.
  explicit SandboxedRunner(Confinement strongest = Confinement::namespaces)
      : strongest_(strongest) {}
  Task<Result<ProcessExit>> run(Command command) override;
  Confinement confinement();
  /// Whether children really are confined on this system.
  bool sandboxed() { return confinement() != Confinement::limits; }

 private:
  const Confinement strongest_;
  std::once_flag tried_;
  Confinement confinement_ = Confinement::limits;
};

}  // namespace shoal::io
