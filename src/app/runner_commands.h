#pragma once

#include <functional>
#include <string>

#include "app/config/config.h"

namespace CLI {
class App;
}

namespace shoal::app {

/// Adds `runner` with its commands. The one that is called puts itself into `chosen`, which returns
/// the exit status. Outlives the parsing and the call.
class RunnerCommands {
 public:
  using Chosen = std::function<int(const Config&)>;
  void add_to(CLI::App& program, Chosen& chosen);

 private:
  std::string name_;
  std::int64_t token_ = 0;
  bool as_json_ = false;
};

}  // namespace shoal::app
