#pragma once

#include <functional>
#include <optional>
#include <string>

#include "app/config/config.h"

namespace shoal::app {

/// What `shoal serve` takes on the command line; each beats the file and the environment.
struct ServeOptions {
  std::string config_file;  ///< empty: none
  std::optional<std::string> data;
  std::optional<std::string> listen;  ///< ADDRESS:PORT, [IPv6]:PORT or PORT
};

/// Runs until it is told to stop. Returns the exit status: 0, or 1 with the reason on standard
/// error.
int serve(const ServeOptions& options);

/// Reads the configuration as serve() does and runs one administrator's command with it.
int run_admin_command(const std::string& config_file, const std::optional<std::string>& data,
                      const std::function<int(const Config&)>& command);

}  // namespace shoal::app
