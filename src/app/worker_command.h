#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace shoal::app {

/// `shoal worker`: does the segment jobs of a server elsewhere. Outlives the parsing and the call.
class WorkerCommand {
 public:
  void add_to(CLI::App& program);
  bool is_chosen() const;
  /// Until SIGTERM, and then until the jobs that run had --drain-timeout to end; or until SIGINT or
  /// a second signal. Returns the exit status.
  int run() const;

 private:
  CLI::App* command_ = nullptr;
  std::string server_;
  std::string token_;
  std::string name_;
  std::string folder_ = "shoal-worker";
  std::vector<std::string> labels_;
  std::size_t concurrency_ = 2;
  std::int64_t drain_timeout_s_ = 0;
};

}  // namespace shoal::app
