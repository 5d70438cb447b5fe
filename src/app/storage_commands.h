#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "app/config/config.h"
#include "app/storage_check_commands.h"
#include "cli/storage.h"

namespace CLI {
class App;
}

namespace shoal::app {

/// Adds `storage` with its commands. The one that is called puts itself into `chosen`, which
/// returns the exit status. Outlives the parsing and the call.
class StorageCommands {
 public:
  using Chosen = std::function<int(const Config&)>;
  void add_to(CLI::App& program, Chosen& chosen);

 private:
  void add_moves(CLI::App& group, Chosen& chosen);
  void add_move(CLI::App& command, Chosen& chosen, storage::SourceAfter source);
  Result<> start_move(db::Database& database, const storage::MovePrices& prices) const;
  void add_batch_commands(CLI::App& group, Chosen& chosen);

  StorageCheckCommands checks_;
  cli::MoveOptions move_;
  std::int64_t batch_ = 0;
  bool is_dry_run_ = false;
  bool as_json_ = false;
  std::string store_;
};

}  // namespace shoal::app
