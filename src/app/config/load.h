#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/config/config.h"
#include "base/config/document.h"
#include "base/result.h"

namespace shoal::app {

/// What a file and the environment together say. With problems, `config` holds what was right.
struct LoadedConfig {
  Config config;
  std::vector<config::Problem> problems;
};

/// Pure: file text, its name for messages, "NAME=value" lines. An empty text is all defaults.
LoadedConfig load_config(std::string_view yaml, std::string_view file_name,
                         const std::vector<std::string>& environment);

/// The name and port that viewers type, where nothing says them, are those listened on; a wildcard
/// and the loopback default are no name. Port 0: to be known when the server has one.
void follow_listen(Config& config);

/// Reads the file (an empty path: no file) and this process' environment. Errors: not_found,
/// invalid (a problem per line).
Result<Config> read_config(const std::string& path);

/// The whole configuration as YAML, secrets hidden, defaults marked.
std::string show_config(const Config& config);
/// docs/reference/configuration.md
std::string config_reference();
/// The keys an administrator may change while the program runs (rows of `setting`).
std::vector<std::string> runtime_keys();

/// `shoal config check|show|reference [FILE]`: prints to standard output, problems to standard
/// error; returns the exit status (0, or 1 with problems, 2 for wrong usage).
int run_config_command(std::string_view action, const std::string& path);

}  // namespace shoal::app
