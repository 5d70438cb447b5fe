#include "io/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <csignal>
#include <exception>
#include <optional>

#include "base/check.h"
#include "base/log.h"
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
  Child(Executor executor, Command command, Confinement confinement)
      : command_(std::move(command)),
        confinement_(confinement),
        output_(executor),
        error_(executor),
        exit_(executor),
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
    const UniqueDescriptor filter(make_system_call_filter(command_.sandbox.may_fork));
    if (!output.read.valid() || !error.read.valid() || !filter.valid())
      return fail(ErrorCode::unavailable, "no file descriptors are left to start a process");
    Launch launch;
    launch.program = find_program(sandboxed() ? "bwrap" : command_.program);
    launch.arguments =
        sandboxed() ? sandbox_arguments(command_, confinement_, filter.get()) : plain_arguments();
    launch.standard_output = output.write.get();
    launch.standard_error = error.write.get();
    if (sandboxed()) launch.kept = {filter.get()};
    launch.own_namespaces = confinement_ == Confinement::namespaces;
    launch.limits = command_.sandbox;
    started_ = std::chrono::steady_clock::now();
    TRY(const auto spawned, spawn(launch));
    pid_ = spawned.pid;
    exit_.assign(spawned.pidfd);
    adopt(output_, output);
    adopt(error_, error);
    return {};
  }

  void watch() {
    listen(output_, [this](std::string_view bytes) { take_output(bytes); });
    listen(error_, [this](std::string_view bytes) { take_error(bytes); });
    watch_exit();
    look_later();
  }

  /// Kills everything in the sandbox: its first process takes the others with it, and is our child,
  /// or else bubblewrap's. Outside one, the child's session is all that can be named.
  void kill() {
    if (pid_ <= 0) return;
    if (confinement_ == Confinement::bubblewrap)
      for (const auto first : children_of(pid_)) ::kill(first, SIGKILL);
    ::kill(sandboxed() ? pid_ : -pid_, SIGKILL);
  }

  bool ended() const { return done_; }
  asio::steady_timer& end_event() { return ended_; }
  std::exception_ptr callback_error() const { return callback_error_; }

  Result<ProcessExit> take_exit() {
    flush_line();
    const auto& text = exit_value_.standard_error;
    if (sandboxed() && exit_value_.status == 1 && text.starts_with("bwrap: "))
      return fail(ErrorCode::unavailable, "the sandbox could not start: " + text);
    // A refused allocation shows only in what the program says of it.
    for (const std::string_view phrase : {"Cannot allocate memory", "bad_alloc", "Out of memory",
                                          "out of memory", "memory exhausted"})
      if (exit_value_.status != 0 && text.find(phrase) != std::string::npos)
        exit_value_.memory_exceeded = true;
    return std::move(exit_value_);
  }

 private:
  bool sandboxed() const { return confinement_ != Confinement::limits; }

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

  /// A wake-up is a hint: Asio keeps the state of descriptors for reuse, and gives the one that is
  /// assigned next the events that were still queued for one closed. What wait4 says is the truth.
  void watch_exit() {
    exit_.async_wait(stream_descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!error && !self->reap()) self->watch_exit();
                     });
  }

  /// False while the child lives.
  bool reap() {
    int status = 0;
    rusage usage{};
    const auto ended = ::wait4(pid_, &status, WNOHANG, &usage);
    if (ended == 0) return false;
    SHOAL_CHECK(ended == pid_);
    // Its session's leader is gone: what the child left behind outside a sandbox goes too.
    if (!sandboxed()) ::kill(-pid_, SIGKILL);
    pid_ = -1;
    // Now, not with this object: a reaped child makes its pidfd ready a second time.
    boost::system::error_code ignored;
    exit_.close(ignored);
    exit_value_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (exit_value_.status == 128 + SIGXCPU) exit_value_.timed_out = true;
    const auto micros = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 +
                        usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    exit_value_.cpu_time = Milliseconds(micros / 1000);
    reaped_ = std::chrono::steady_clock::now();
    finish_if_done();
    return true;
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
      // A process that left the session holds a pipe: outside a sandbox that cannot be helped.
      for (auto* stream : {&output_, &error_})
        if (stream->open) stream->descriptor.cancel();
    }
    look_later();
  }

  void finish_if_done() {
    if (done_ || pid_ > 0 || output_.open || error_.open) return;
    done_ = true;
    auto& kept = exit_value_.standard_error;
    if (kept.size() > command_.capture_limit.value)
      kept.erase(0, kept.size() - command_.capture_limit.value);
    look_.cancel();
    ended_.cancel();
  }

  const Command command_;
  const Confinement confinement_;
  pid_t pid_ = -1;
  Stream output_;
  Stream error_;
  stream_descriptor exit_;
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

Confinement SandboxedRunner::confinement() {
  std::call_once(tried_, [this] {
    for (const auto confinement : {Confinement::namespaces, Confinement::bubblewrap}) {
      if (confinement > strongest_ || !confinement_works(confinement)) continue;
      confinement_ = confinement;
      return;
    }
    if (strongest_ != Confinement::limits)
      log::warn("bubblewrap does not work here: media tools run with resource limits only");
  });
  return confinement_;
}

Task<Result<ProcessExit>> SandboxedRunner::run(Command command) {
  CO_TRY_VOID(check_command(command));
  const auto confined = confinement();
  const auto child =
      std::make_shared<Child>(co_await asio::this_coro::executor, std::move(command), confined);
  CO_TRY_VOID(child->start());
  const KillOnExit guard(*child);
  child->watch();
  const auto wait_for_end = [&child] {
    return child->end_event().async_wait(asio::as_tuple(use_awaitable));
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
