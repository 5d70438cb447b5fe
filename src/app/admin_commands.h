#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "app/autoscaler_commands.h"
#include "app/config/config.h"
#include "app/import_command.h"
#include "app/node_commands.h"
#include "app/runner_commands.h"
#include "app/storage_commands.h"
#include "base/result.h"
#include "cli/videos.h"
#include "db/database.h"

namespace CLI {
class App;
}

namespace shoal::app {

/// Adds `user`, `video`, `job`, `backup`, `restore`, `db`, `store`, `storage`, `import`,
/// `node`, `autoscaler` and `doctor`. The one that is called on the command line puts itself into
/// `chosen`, which returns the exit status.
struct AdminCommands {
  std::function<int(const Config&)> chosen;
  void add_to(CLI::App& program);

  // What the subcommands take.
  std::string login;  ///< or the name of a store
  std::string email;
  std::string role = "user";
  std::string folder;
  std::string url;
  std::string state = "all";
  std::string video;
  std::string store;
  cli::VideoListOptions videos;
  std::int64_t count = 100;
  std::int64_t id = 0;
  bool as_json = false;
  bool checksums = false;

 private:
  void add_user_commands(CLI::App& program);
  void add_video_commands(CLI::App& program);
  void add_job_commands(CLI::App& program);
  void add_maintenance_commands(CLI::App& program);

  StorageCommands storage_;
  ImportCommand import_;
  NodeCommands nodes_;
  RunnerCommands runners_;
  AutoscalerCommands autoscaler_;
};

/// To the standard error; returns the exit status of what failed.
int complain(const Error& error);

/// Opens the configured database, which must be there, and does one thing with it. Returns the exit
/// status.
int with_database(const Config& config, const std::function<Result<>(db::Database&)>& work);

}  // namespace shoal::app
