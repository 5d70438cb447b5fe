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

/// Calls `visit` with the children of each thread of a process, as /proc lists them.
template <class Visit>
void for_each_thread(const std::string& process, Visit visit) {
  std::error_code error;
  std::filesystem::directory_iterator tasks(process + "/task", error);
  while (!error && tasks != std::filesystem::directory_iterator()) {
    std::vector<pid_t> children;
    const auto listed = read_proc((tasks->path() / "children").string());
    for (const auto child : split(listed, ' '))
      if (const auto pid = parse_int(trim(child))) children.push_back(static_cast<pid_t>(*pid));
    visit(children);
    tasks.increment(error);
  }
}

}  // namespace

TreeUsage measure_tree(pid_t root, std::size_t task_limit) {
  TreeUsage usage;
  std::vector<pid_t> open{root};
  while (!open.empty() && usage.tasks <= task_limit) {
    const auto process = "/proc/" + std::to_string(open.back());
    open.pop_back();
    usage.resident_bytes += private_bytes(process);
    for_each_thread(process, [&](const std::vector<pid_t>& children) {
      ++usage.tasks;
      open.insert(open.end(), children.begin(), children.end());
    });
  }
  return usage;
}

std::vector<pid_t> children_of(pid_t process) {
  std::vector<pid_t> all;
  for_each_thread("/proc/" + std::to_string(process), [&](const std::vector<pid_t>& children) {
    all.insert(all.end(), children.begin(), children.end());
  });
  return all;
}

}  // namespace shoal::io
