#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "app/config/config.h"

namespace CLI {
class App;
}

namespace shoal::app {

/// Adds `user`, `job`, `backup`, `restore` and `doctor`. The one that is called on the
/// command line puts itself into `chosen`, which returns the exit status.
struct AdminCommands {
  std::function<int(const Config&)> chosen;
  void add_to(CLI::App& program);

  // What the subcommands take.
  std::string login;
  std::string email;
  std::string role = "user";
  std::string folder;
  std::string state = "all";
  std::int64_t id = 0;
};

}  // namespace shoal::app
