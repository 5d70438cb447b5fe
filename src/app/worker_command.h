#pragma once

#include <cstddef>
#include <string>

namespace CLI {
class App;
}

namespace shoal::app {

/// `shoal worker`: does the segment jobs of a server elsewhere. Outlives the parsing and the call.
class WorkerCommand {
 public:
  void add_to(CLI::App& program);
  bool is_chosen() const;
  /// Until SIGTERM or SIGINT. Returns the exit status.
  int run() const;

 private:
  CLI::App* command_ = nullptr;
  std::string server_;
  std::string token_;
  std::string name_;
  std::string folder_ = "shoal-worker";
  std::size_t concurrency_ = 2;
};

}  // namespace shoal::app
