#pragma once

#include <optional>
#include <string>

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

}  // namespace shoal::app
