#pragma once

#include <functional>
#include <optional>
#include <string>

#include "app/config/config.h"
#include "base/result.h"
#include "db/database.h"
#include "peertube/importer.h"

namespace CLI {
class App;
}

namespace shoal::app {

/// Adds `import peertube`. The one that is called puts itself into `chosen`, which returns the exit
/// status. Outlives the parsing and the call.
class ImportCommand {
 public:
  using Chosen = std::function<int(const Config&)>;
  void add_to(CLI::App& program, Chosen& chosen);

 private:
  Result<> run(db::Database& database, const Config& config) const;

  std::string url_;
  std::string username_;
  std::string password_file_;
  std::string token_file_;
  std::string folder_;
  std::string store_;
  peertube::ImportOptions options_;
};

}  // namespace shoal::app
