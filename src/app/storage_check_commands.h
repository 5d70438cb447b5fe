#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "cli/storage_checks.h"

namespace CLI {
class App;
}

namespace shoal::app {

class CommandStores;

/// Adds `verify`, `repair`, `gc`, `trash`, `take-back` and `confirm` to `storage`. The one that is
/// called puts itself into `chosen`, which returns the exit status. Outlives the parsing and the
/// call.
class StorageCheckCommands {
 public:
  using Chosen = std::function<int(const Config&)>;
  void add_to(CLI::App& group, Chosen& chosen);

 private:
  void add_verify(CLI::App& group, Chosen& chosen);
  void add_repair(CLI::App& group, Chosen& chosen);
  void add_gc(CLI::App& group, Chosen& chosen);
  void add_trash(CLI::App& group, Chosen& chosen);
  /// Calls `work` for each store that is asked for, opened. Returns the exit status: 1 when one is
  /// away, or `work` failed or found something wrong (false).
  int for_each_store(const Config& config,
                     const std::function<Result<bool>(db::Database&, CommandStores&,
                                                      const std::string&)>& work) const;

  cli::VerifyOptions verify_;
  cli::GcOptions gc_;
  std::string store_;
  std::vector<std::string> keys_;
  bool is_all_ = false;
  bool is_dry_run_ = false;
  bool as_json_ = false;
};

}  // namespace shoal::app
