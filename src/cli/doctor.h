#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "db/database.h"
#include "io/file_system.h"
#include "io/process.h"

namespace shoal::cli {

struct Finding {
  bool healthy = true;
  std::string what;
};

/// Looks at an instance without changing it: disk space, the database's integrity, every recorded
/// file's object and size (with `checksums` also its content, which reads it all), the media tools
/// and their sandbox, failed work. Blocking; the server may run meanwhile.
std::vector<Finding> examine(db::Database& database, io::FileSystem& files,
                             io::SandboxedRunner& processes, const std::filesystem::path& data,
                             bool checksums = false);

}  // namespace shoal::cli
