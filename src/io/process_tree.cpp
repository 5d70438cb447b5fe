#include "io/process_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/text.h"

namespace shoal::io {

namespace {

/// A small file of /proc; empty when its process is gone.
std::string read_proc(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return {};
  std::string text;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = ::read(descriptor, buffer, sizeof(buffer))) > 0)
    text.append(buffer, static_cast<std::size_t>(got));
  ::close(descriptor);
  return text;
}

std::uint64_t private_bytes(const std::string& process) {
  const auto statm = read_proc(process + "/statm");
  const auto fields = split(statm, ' ');
  if (fields.size() < 3) return 0;
  const auto resident = parse_int(fields[1]).value_or(0);
  const auto shared = parse_int(fields[2]).value_or(0);
  return static_cast<std::uint64_t>(std::max<std::int64_t>(resident - shared, 0)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

TreeUsage measure_tree(pid_t root, std::size_t task_limit) {
  TreeUsage usage;
  std::vector<std::int64_t> open{root};
  while (!open.empty() && usage.tasks <= task_limit) {
    const auto process = "/proc/" + std::to_string(open.back());
    open.pop_back();
    usage.resident_bytes += private_bytes(process);
    std::error_code error;
    std::filesystem::directory_iterator tasks(process + "/task", error);
    while (!error && tasks != std::filesystem::directory_iterator()) {
      ++usage.tasks;
      const auto children = read_proc((tasks->path() / "children").string());
      for (const auto child : split(children, ' '))
        if (const auto pid = parse_int(trim(child))) open.push_back(*pid);
      tasks.increment(error);
    }
  }
  return usage;
}

pid_t parent_of(pid_t process) {
  const auto stat = read_proc("/proc/" + std::to_string(process) + "/stat");
  // The name in brackets may hold anything; after it come the state and the parent.
  const auto name_end = stat.rfind(") ");
  if (name_end == std::string::npos) return -1;
  const auto fields = split(std::string_view(stat).substr(name_end + 2), ' ');
  return fields.size() < 2 ? -1 : static_cast<pid_t>(parse_int(fields[1]).value_or(-1));
}

}  // namespace shoal::io
