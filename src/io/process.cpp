#include "io/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <csignal>
#include <exception>
#include <optional>

#include "base/log.h"
#include "base/text.h"
#include "io/process_tree.h"
#include "io/sandbox.h"
#include "io/seccomp.h"
#include "io/spawn.h"
#include "io/unique_descriptor.h"

namespace shoal::io {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

namespace {

constexpr Milliseconds k_look_interval{250};
/// How long what is left of a killed tree may hold its pipes open.
constexpr Seconds k_last_gasp{2};
constexpr std::size_t k_line_limit = 64 * 1024;
/// Read from one pipe before others have their turn.
constexpr int k_reads_per_turn = 16;

struct Pipe {
  Pipe() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    read = UniqueDescriptor(ends[0]);
    write = UniqueDescriptor(ends[1]);
  }
  UniqueDescriptor read;
  UniqueDescriptor write;
};

/// What arrives on one pipe.
struct Stream {
  explicit Stream(const Executor& executor) : descriptor(executor) {}
  stream_descriptor descriptor;
  bool open = false;
};

/// A running child: its pipes, its end and its limits, all on one executor. Kept alive by its own
/// pending operations until the child is gone.
class Child : public std::enable_shared_from_this<Child> {
 public:
  Child(Executor executor, Command command, bool sandboxed)
      : command_(std::move(command)),
        sandboxed_(sandboxed),
        output_(executor),
        error_(executor),
        sync_(executor),
        info_(executor),
        exit_(executor),
        inner_exit_(executor),
        look_(executor),
        ended_(executor, asio::steady_timer::time_point::max()) {}

  ~Child() {
    if (pid_ > 0) {
      kill();
      int status = 0;
      ::waitpid(pid_, &status, 0);
    }
  }

  Result<> start() {
    Pipe output;
    Pipe error;
    Pipe sync;
    Pipe info;
    const UniqueDescriptor filter(make_system_call_filter(command_.sandbox.may_fork));
    if (!output.read.valid() || !error.read.valid() || !sync.read.valid() || !info.read.valid() ||
        !filter.valid())
      return fail(ErrorCode::unavailable, "no file descriptors are left to start a process");
    const SandboxDescriptors inside{
        .sync = sync.write.get(), .info = info.write.get(), .filter = filter.get()};
    Launch launch;
    launch.program = find_program(sandboxed_ ? "bwrap" : command_.program);
    launch.arguments = sandboxed_ ? sandbox_arguments(command_, inside) : plain_arguments();
    launch.standard_output = output.write.get();
    launch.standard_error = error.write.get();
    if (sandboxed_) launch.kept = {inside.sync, inside.info, inside.filter};
    launch.limits = command_.sandbox;
    started_ = std::chrono::steady_clock::now();
    TRY(const auto spawned, spawn(launch));
    pid_ = spawned.pid;
    exit_.assign(spawned.pidfd);
    adopt(output_, output);
    adopt(error_, error);
    adopt(sync_, sync);
    adopt(info_, info);
    return {};
  }

  void watch() {
    listen(output_, [this](std::string_view bytes) { take_output(bytes); });
    listen(error_, [this](std::string_view bytes) { take_error(bytes); });
    listen(sync_, [](std::string_view) {});
    listen(info_, [this](std::string_view bytes) { take_info(bytes); });
    exit_.async_wait(stream_descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!error) self->reap();
                     });
    look_later();
  }

  /// Kills everything in the sandbox: its first process takes the others with it. Outside one, the
  /// child's session is all that can be named.
  void kill() {
    if (inner_exit_.is_open())
      ::syscall(SYS_pidfd_send_signal, inner_exit_.native_handle(), SIGKILL, nullptr, 0U);
    if (pid_ > 0) ::kill(sandboxed_ ? pid_ : -pid_, SIGKILL);
  }

  bool ended() const { return done_; }
  asio::steady_timer& end_event() { return ended_; }
  std::exception_ptr callback_error() const { return callback_error_; }

  Result<ProcessExit> take_exit() {
    flush_line();
    const auto& text = exit_value_.standard_error;
    if (sandboxed_ && exit_value_.status == 1 && text.starts_with("bwrap: "))
      return fail(ErrorCode::unavailable, "the sandbox could not start: " + text);
    // A refused allocation shows only in what the program says of it.
    for (const std::string_view phrase : {"Cannot allocate memory", "bad_alloc", "Out of memory",
                                          "out of memory", "memory exhausted"})
      if (exit_value_.status != 0 && text.find(phrase) != std::string::npos)
        exit_value_.memory_exceeded = true;
    return std::move(exit_value_);
  }

 private:
  std::vector<std::string> plain_arguments() const {
    std::vector<std::string> arguments{command_.program};
    arguments.insert(arguments.end(), command_.arguments.begin(), command_.arguments.end());
    return arguments;
  }

  static void adopt(Stream& stream, Pipe& pipe) {
    pipe.write.reset();
    stream.descriptor.assign(pipe.read.release());
    stream.descriptor.non_blocking(true);
    stream.open = true;
  }

  template <class Take>
  void listen(Stream& stream, Take take) {
    stream.descriptor.async_wait(
        stream_descriptor::wait_read,
        [self = shared_from_this(), &stream, take](const boost::system::error_code& error) {
          if (!error && self->drain(stream, take)) {
            self->listen(stream, take);
          } else {
            self->close(stream);
          }
        });
  }

  /// Reads what is there; false at the end.
  template <class Take>
  bool drain(Stream& stream, Take& take) {
    std::array<char, 16 * 1024> buffer;
    for (int i = 0; i < k_reads_per_turn; ++i) {
      const auto got = ::read(stream.descriptor.native_handle(), buffer.data(), buffer.size());
      if (got == 0) return false;
      if (got < 0) return errno == EAGAIN || errno == EINTR;
      take(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    }
    return true;
  }

  void close(Stream& stream) {
    boost::system::error_code ignored;
    stream.descriptor.close(ignored);
    stream.open = false;
    finish_if_done();
  }

  void take_output(std::string_view bytes) {
    if (!command_.on_stdout_line) {
      auto& kept = exit_value_.standard_output;
      const auto room = command_.capture_limit.value -
                        std::min<std::uint64_t>(kept.size(), command_.capture_limit.value);
      kept.append(bytes.substr(0, room));
      return;
    }
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      const auto part = bytes.substr(0, end);
      line_.append(part.substr(0, k_line_limit - std::min(k_line_limit, line_.size())));
      if (end == std::string_view::npos) return;
      flush_line();
      bytes.remove_prefix(end + 1);
    }
  }

  void flush_line() {
    if (!command_.on_stdout_line || line_.empty() || callback_error_) return;
    try {
      command_.on_stdout_line(line_);
    } catch (...) {
      callback_error_ = std::current_exception();
      kill();
    }
    line_.clear();
  }

  void take_error(std::string_view bytes) {
    auto& kept = exit_value_.standard_error;
    const auto limit = command_.capture_limit.value;
    kept.append(bytes);
    // Trimmed at twice the limit, so that each byte is moved once at most.
    if (kept.size() > 2 * limit) kept.erase(0, kept.size() - limit);
  }

  /// {"child-pid": 123, ...}
  void take_info(std::string_view bytes) {
    info_text_.append(bytes.substr(0, 4096 - std::min<std::size_t>(4096, info_text_.size())));
    constexpr std::string_view k_key = "\"child-pid\":";
    const auto key = info_text_.find(k_key);
    if (inner_ > 0 || key == std::string::npos) return;
    const auto start = key + k_key.size();
    const auto end = info_text_.find_first_of(",}", start);
    if (end == std::string::npos) return;
    const auto number = parse_int(trim(std::string_view(info_text_).substr(start, end - start)));
    if (number) watch_inner(static_cast<pid_t>(*number));
  }

  void watch_inner(pid_t pid) {
    UniqueDescriptor pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
    // Asked after the pidfd is held: a number that was reused meanwhile has another parent.
    if (!pidfd.valid() || pid_ <= 0 || parent_of(pid) != pid_) return;
    inner_ = pid;
    inner_exit_.assign(pidfd.release());
    inner_exit_.async_wait(stream_descriptor::wait_read,
                           [self = shared_from_this()](const boost::system::error_code&) {
                             self->inner_ended_ = true;
                             self->reap_inner();
                           });
  }

  /// The processes inside are counted to bubblewrap's first child, which bubblewrap leaves to us:
  /// see SandboxedRunner::sandboxed().
  void reap_inner() {
    if (pid_ > 0 || inner_ <= 0 || !inner_ended_) return;
    int status = 0;
    rusage usage{};
    if (::wait4(inner_, &status, WNOHANG, &usage) == inner_) add_cpu_time(usage);
    inner_ = -1;
    boost::system::error_code ignored;
    inner_exit_.close(ignored);
    finish_if_done();
  }

  void add_cpu_time(const rusage& usage) {
    const auto micros = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 +
                        usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    exit_value_.cpu_time += Milliseconds(micros / 1000);
  }

  void reap() {
    int status = 0;
    rusage usage{};
    if (::wait4(pid_, &status, WNOHANG, &usage) != pid_) return;
    if (!sandboxed_) ::kill(-pid_, SIGKILL);  // what the child left behind in its session
    pid_ = -1;
    exit_value_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (exit_value_.status == 128 + SIGXCPU) exit_value_.timed_out = true;
    add_cpu_time(usage);
    reaped_ = std::chrono::steady_clock::now();
    reap_inner();
    finish_if_done();
  }

  void look_later() {
    look_.expires_after(k_look_interval);
    look_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error && !self->done_) self->look();
    });
  }

  void look() {
    const auto now = std::chrono::steady_clock::now();
    const auto& limits = command_.sandbox;
    // A wake-up of a pidfd was seen to get lost on a busy machine: what wait4 says is the truth.
    if (pid_ > 0) reap();
    if (done_) return;
    if (pid_ > 0) {
      const auto usage = measure_tree(pid_, limits.task_limit);
      const bool late = now - started_ > limits.wall_limit;
      const bool large = usage.resident_bytes > limits.memory_limit.value;
      const bool many = usage.tasks > limits.task_limit;
      exit_value_.timed_out |= late;
      exit_value_.memory_exceeded |= large;
      exit_value_.tasks_exceeded |= many;
      if (late || large || many) kill();
    } else if (now - reaped_ > k_last_gasp) {
      if (inner_ > 0) {
        inner_ended_ = true;
        reap_inner();
        if (done_) return;
      }
      // A process that left the session holds a pipe: outside a sandbox that cannot be helped.
      for (auto* stream : {&output_, &error_, &sync_, &info_})
        if (stream->open) stream->descriptor.cancel();
    }
    look_later();
  }

  void finish_if_done() {
    if (done_ || pid_ > 0 || inner_ > 0) return;
    if (output_.open || error_.open || sync_.open || info_.open) return;
    done_ = true;
    auto& kept = exit_value_.standard_error;
    if (kept.size() > command_.capture_limit.value)
      kept.erase(0, kept.size() - command_.capture_limit.value);
    look_.cancel();
    ended_.cancel();
  }

  const Command command_;
  const bool sandboxed_;
  pid_t pid_ = -1;
  Stream output_;
  Stream error_;
  Stream sync_;
  Stream info_;
  stream_descriptor exit_;
  std::string info_text_;
  /// The first process inside a sandbox; all others die with it. Its parent is bubblewrap, then us.
  pid_t inner_ = -1;
  bool inner_ended_ = false;
  stream_descriptor inner_exit_;
  asio::steady_timer look_;
  asio::steady_timer ended_;  ///< never expires: cancelled at the end
  bool done_ = false;
  std::string line_;
  std::exception_ptr callback_error_;
  ProcessExit exit_value_;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point reaped_;
};

/// Killed when the task ends in whatever way before the child has.
class KillOnExit {
 public:
  explicit KillOnExit(Child& child) : child_(child) {}
  ~KillOnExit() {
    if (!child_.ended()) child_.kill();
  }
  KillOnExit(const KillOnExit&) = delete;
  KillOnExit& operator=(const KillOnExit&) = delete;

 private:
  Child& child_;
};

Result<> check_command(const Command& command) {
  if (find_program(command.program).empty())
    return fail(ErrorCode::unavailable, "there is no program '" + command.program + "'");
  for (const auto* paths : {&command.sandbox.readable, &command.sandbox.writable}) {
    for (const auto& path : *paths) {
      std::error_code error;
      if (!path.is_absolute() || !std::filesystem::exists(path, error))
        return fail(ErrorCode::unavailable,
                    "the sandbox needs an absolute path that exists: " + path.string());
    }
  }
  return {};
}

}  // namespace

bool SandboxedRunner::sandboxed() {
  std::call_once(tried_, [this] {
    sandboxed_ = use_bubblewrap_ && sandbox_works();
    // Bubblewrap ends without waiting for the first process inside; as that one's next parent we
    // learn what the child has cost, and when the last of it is gone.
    if (sandboxed_) ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (!sandboxed_)
      log::warn("bubblewrap does not work here: media tools run with resource limits only");
  });
  return sandboxed_;
}

Task<Result<ProcessExit>> SandboxedRunner::run(Command command) {
  CO_TRY_VOID(check_command(command));
  const bool confined = sandboxed();
  const auto child =
      std::make_shared<Child>(co_await asio::this_coro::executor, std::move(command), confined);
  CO_TRY_VOID(child->start());
  const KillOnExit guard(*child);
  child->watch();
  const auto wait_for_end = [&child] {
    return child->end_event().async_wait(asio::as_tuple(asio::use_awaitable));
  };
  co_await wait_for_end();
  if (!child->ended()) {
    // Cancelled: the tree dies and is waited for before anybody removes the files it writes.
    child->kill();
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    while (!child->ended()) co_await wait_for_end();
    throw boost::system::system_error(asio::error::operation_aborted);
  }
  if (child->callback_error()) std::rethrow_exception(child->callback_error());
  co_return child->take_exit();
}

}  // namespace shoal::io
