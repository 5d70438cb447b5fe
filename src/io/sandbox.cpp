#include "io/sandbox.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/text.h"
#include "io/seccomp.h"
#include "io/spawn.h"

namespace shoal::io {

namespace {

constexpr std::string_view k_path = "/usr/local/bin:/usr/bin:/bin";
/// Its /tmp is memory: a child gets no more of it than this.
constexpr std::uint64_t k_tmp_limit = 256ULL << 20;

void add(std::vector<std::string>& arguments, std::initializer_list<std::string_view> more) {
  for (const auto argument : more) arguments.emplace_back(argument);
}

/// On a merged-usr system /lib is a link into /usr; elsewhere it is a folder of its own.
void add_system_folder(std::vector<std::string>& arguments, const std::string& folder) {
  std::error_code error;
  if (const auto target = std::filesystem::read_symlink(folder, error); !error) {
    add(arguments, {"--symlink", target.string(), folder});
  } else if (std::filesystem::is_directory(folder, error)) {
    add(arguments, {"--ro-bind", folder, folder});
  }
}

}  // namespace

std::vector<std::string> sandbox_arguments(const Command& command, Confinement confinement,
                                           int filter) {
  std::vector<std::string> arguments{"bwrap"};
  add(arguments, {"--unshare-user-try", "--unshare-ipc", "--unshare-net", "--unshare-uts",
                  "--unshare-cgroup-try"});
  // In a PID namespace of ours bubblewrap is the first process already, and /proc is of that.
  if (confinement != Confinement::namespaces) add(arguments, {"--unshare-pid"});
  add(arguments, {"--die-with-parent", "--cap-drop", "ALL", "--hostname", "sandbox", "--clearenv",
                  "--setenv", "PATH", k_path, "--setenv", "HOME", "/tmp", "--setenv", "LANG",
                  "C.UTF-8", "--ro-bind", "/usr", "/usr"});
  for (const auto* folder : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"})
    add_system_folder(arguments, folder);
  for (const auto* path : {"/etc/alternatives", "/etc/ld.so.cache", "/etc/fonts"})
    add(arguments, {"--ro-bind-try", path, path});
  add(arguments, {"--proc", "/proc", "--dev", "/dev", "--size",
                  std::to_string(std::min(k_tmp_limit, command.sandbox.output_limit.value)),
                  "--tmpfs", "/tmp"});
  for (const auto& path : command.sandbox.readable)
    add(arguments, {"--ro-bind", path.native(), path.native()});
  for (const auto& path : command.sandbox.writable)
    add(arguments, {"--bind", path.native(), path.native()});
  add(arguments, {"--seccomp", std::to_string(filter)});
  add(arguments, {"--chdir", "/tmp", "--", find_program(command.program)});
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  return arguments;
}

std::string find_program(const std::string& program) {
  if (program.find('/') != std::string::npos)
    return ::access(program.c_str(), X_OK) == 0 ? program : std::string();
  for (const auto folder : split(k_path, ':')) {
    auto path = std::string(folder) + "/" + program;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

bool confinement_works(Confinement confinement) {
  Launch launch;
  launch.program = find_program("bwrap");
  if (launch.program.empty()) return false;
  Command command;
  command.program = "/usr/bin/true";
  const int filter = make_system_call_filter(false);
  if (filter < 0) return false;
  launch.arguments = sandbox_arguments(command, confinement, filter);
  launch.kept = {filter};
  launch.own_namespaces = confinement == Confinement::namespaces;
  const auto child = spawn(launch);
  ::close(filter);
  if (!child) return false;
  int status = 0;
  while (::waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
  }
  ::close(child->pidfd);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace shoal::io
