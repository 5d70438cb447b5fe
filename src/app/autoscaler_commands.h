#pragma once

#include <cstdint>
#include <functional>

#include "app/config/config.h"

namespace CLI {
class App;
}

namespace shoal::app {

/// Adds `autoscaler status`. It puts itself into `chosen`, which returns the exit status. Outlives
/// the parsing and the call.
class AutoscalerCommands {
 public:
  using Chosen = std::function<int(const Config&)>;
  void add_to(CLI::App& program, Chosen& chosen);

 private:
  std::int64_t count_ = 10;
  bool as_json_ = false;
};

}  // namespace shoal::app
