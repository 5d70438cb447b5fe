#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "io/file_system.h"

namespace shoal::worker {

/// What a worker keeps, under one folder:
///
///     worker.json  where it is registered, and by which token
///     sources/     originals that are worked on; emptied at start
///     work/        scratch of running jobs; emptied at start
///
/// Held by one process: the lock is the kernel's (flock), so it goes with the process, also by
/// kill -9. Movable value.
class WorkerFolder {
 public:
  /// Makes what is missing. Errors: conflict (another worker has it), unavailable.
  static Result<WorkerFolder> claim(const io::Path& root, io::FileSystem& files);
  WorkerFolder(WorkerFolder&& other) noexcept;
  WorkerFolder& operator=(WorkerFolder&&) = delete;
  ~WorkerFolder();

  const io::Path& root() const { return root_; }
  io::Path membership_file() const { return root_ / "worker.json"; }

  /// Nothing before the first registration. Errors: corrupt, unavailable, and conflict where it is
  /// registered at another server.
  Result<std::optional<std::string>> find_token(const std::string& server) const;
  /// Durable when it returns; for the owner's eyes only.
  Result<> keep_token(const std::string& server, const std::string& token);

 private:
  WorkerFolder(io::Path root, io::FileSystem& files, int lock)
      : root_(std::move(root)), files_(files), lock_(lock) {}
  io::Path root_;
  io::FileSystem& files_;
  int lock_;
};

}  // namespace shoal::worker
