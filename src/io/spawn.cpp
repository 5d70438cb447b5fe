#include "io/spawn.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <system_error>

namespace shoal::io {

namespace {

// ThreadSanitizer takes every clone for a fork and loses count of its threads in a shared memory;
// in a copy of it a program that cannot be executed is status 127 instead of an error.
#if defined(__has_feature) && __has_feature(thread_sanitizer)
constexpr int k_share_memory = 0;
#else
constexpr int k_share_memory = CLONE_VM;
#endif

struct Limit {
  __rlimit_resource resource;
  rlim_t soft;
  rlim_t hard;
};

/// All that the child needs, prepared before it exists: between clone and exec it may only make
/// system calls. It runs in our memory, so `error` comes back without a pipe.
struct Plan {
  const char* program;
  char* const* arguments;
  char* const* environment;
  int null_descriptor;
  int standard_output;
  int standard_error;
  const int* kept;
  std::size_t kept_count;
  bool own_namespaces;
  bool own_users;  ///< in a user namespace, which an ordinary user needs to make the others
  const char* user_map;
  const char* group_map;
  bool lowest_priority;
  std::array<Limit, 5> limits;
  pid_t parent;
  int error;
};

void keep_descriptor(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFD);
  ::fcntl(descriptor, F_SETFD, flags & ~FD_CLOEXEC);
}

/// These files are read and written past the C library: a sanitizer's wrapper of open(2) or read(2)
/// takes locks, which a thread that is not here may have held when we were cloned.
long open_file(const char* path, int flags) {
  return ::syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC);
}

/// Our parent as the /proc that we were started with counts it: in a PID namespace of our own
/// getppid(2) knows no one outside. -1 when it cannot be read.
pid_t parent_outside() {
  std::array<char, 512> text;
  const long file = open_file("/proc/self/stat", O_RDONLY);
  const long size = file < 0 ? -1 : ::syscall(SYS_read, file, text.data(), text.size());
  if (file >= 0) ::syscall(SYS_close, file);
  // "number (name) state parent ...", and the name may hold anything.
  auto at = size;
  while (at > 0 && text[static_cast<std::size_t>(at - 1)] != ')') --at;
  pid_t parent = -1;
  for (at += 3; at > 3 && at < size; ++at) {
    const char digit = text[static_cast<std::size_t>(at)];
    if (digit < '0' || digit > '9') break;
    parent = std::max(parent, 0) * 10 + (digit - '0');
  }
  return parent;
}

bool write_file(const char* path, const char* text) {
  const long file = open_file(path, O_WRONLY);
  if (file < 0) return false;
  const auto length = std::char_traits<char>::length(text);
  const bool written = ::syscall(SYS_write, file, text, length) == static_cast<long>(length);
  ::syscall(SYS_close, file);
  return written;
}

bool enter_namespaces(const Plan& plan) {
  if (!plan.own_namespaces) return true;
  // Groups may be mapped only by who has given up changing them.
  if (plan.own_users && (!write_file("/proc/self/setgroups", "deny") ||
                         !write_file("/proc/self/uid_map", plan.user_map) ||
                         !write_file("/proc/self/gid_map", plan.group_map)))
    return false;
  return ::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0 &&
         ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0;
}

int run_child(void* argument) {
  auto& plan = *static_cast<Plan*>(argument);
  // Handlers of ours would run in our memory: all back to default, while signals are still blocked.
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  // A group of its own, to be killed by. Not a session: the scheduler's autogroups share the cores
  // out by session before they look at anybody's priority, and the lowest one would count for
  // nothing.
  ::setpgid(0, 0);
  // From here the end of our parent is ours; one that came before is seen by asking who it is now.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const bool orphaned = (plan.own_namespaces ? parent_outside() : ::getppid()) != plan.parent;
  if (!orphaned && enter_namespaces(plan) && ::dup2(plan.null_descriptor, 0) >= 0 &&
      ::dup2(plan.standard_output, 1) >= 0 && ::dup2(plan.standard_error, 2) >= 0) {
    ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
    for (std::size_t i = 0; i < plan.kept_count; ++i) keep_descriptor(plan.kept[i]);
    for (const auto& limit : plan.limits) {
      const rlimit value{limit.soft, limit.hard};
      ::setrlimit(limit.resource, &value);
    }
    if (plan.lowest_priority) {
      constexpr int k_who_process = 1;
      constexpr int k_idle_class = 3 << 13;
      ::setpriority(PRIO_PROCESS, 0, 19);
      const sched_param none_given{};
      ::sched_setscheduler(0, SCHED_IDLE, &none_given);
      ::syscall(SYS_ioprio_set, k_who_process, 0, k_idle_class);
    }
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve(plan.program, plan.arguments, plan.environment);
  }
  plan.error = errno;
  ::_exit(127);
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (auto& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

/// One number that stays what it is.
std::string identity_map(unsigned id) {
  return std::to_string(id) + " " + std::to_string(id) + " 1";
}

std::unexpected<Error> cannot_start(const std::string& program, int error) {
  return fail(ErrorCode::unavailable,
              "cannot start " + program + ": " + std::generic_category().message(error));
}

}  // namespace

Result<Spawned> spawn(const Launch& launch) {
  const int null_descriptor = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null_descriptor < 0) return cannot_start(launch.program, errno);
  auto arguments = launch.arguments;
  std::vector<std::string> environment{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/tmp",
                                       "LANG=C.UTF-8"};
  const auto argument_pointers = pointers(arguments);
  const auto environment_pointers = pointers(environment);
  const auto user_map = identity_map(::geteuid());
  const auto group_map = identity_map(::getegid());
  const auto& limits = launch.limits;
  const auto cpu = static_cast<rlim_t>(std::max<Seconds::rep>(limits.cpu_limit.count(), 1));
  const auto memory = static_cast<rlim_t>(limits.memory_limit.value);
  const auto output = static_cast<rlim_t>(limits.output_limit.value);
  Plan plan{
      .program = launch.program.c_str(),
      .arguments = argument_pointers.data(),
      .environment = environment_pointers.data(),
      .null_descriptor = null_descriptor,
      .standard_output = launch.standard_output >= 0 ? launch.standard_output : null_descriptor,
      .standard_error = launch.standard_error >= 0 ? launch.standard_error : null_descriptor,
      .kept = launch.kept.data(),
      .kept_count = launch.kept.size(),
      .own_namespaces = launch.own_namespaces,
      .own_users = false,
      .user_map = user_map.c_str(),
      .group_map = group_map.c_str(),
      .lowest_priority = limits.lowest_priority,
      .limits = {{{RLIMIT_CPU, cpu, cpu + 2},
                  {RLIMIT_AS, memory, memory},
                  {RLIMIT_FSIZE, output, output},
                  {RLIMIT_NOFILE, 1024, 1024},
                  {RLIMIT_CORE, 0, 0}}},
      .parent = ::getpid(),
      .error = 0};

  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  Spawned child;
  // As vfork(2), but on a stack of its own: we stand still until the child has become another
  // program, whose pidfd we then hold before anybody could reuse its number.
  constexpr std::size_t k_stack = 64 * 1024;
  const auto stack = std::make_unique_for_overwrite<std::byte[]>(k_stack);
  const auto clone_with = [&](int namespaces) {
    return ::clone(run_child, stack.get() + k_stack,
                   k_share_memory | CLONE_VFORK | CLONE_PIDFD | SIGCHLD | namespaces, &plan,
                   &child.pidfd);
  };
  const int namespaces = launch.own_namespaces ? CLONE_NEWPID | CLONE_NEWNS : 0;
  child.pid = clone_with(namespaces);
  if (child.pid < 0 && errno == EPERM && launch.own_namespaces) {
    plan.own_users = true;
    child.pid = clone_with(namespaces | CLONE_NEWUSER);
  }
  const int error = child.pid < 0 ? errno : plan.error;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::close(null_descriptor);
  if (child.pid < 0) return cannot_start(launch.program, error);
  if (error == 0) return child;
  int status = 0;
  while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  ::close(child.pidfd);
  return cannot_start(launch.program, error);
}

}  // namespace shoal::io
