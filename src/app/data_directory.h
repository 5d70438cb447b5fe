#pragma once

#include <filesystem>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "io/file_system.h"

namespace shoal::app {

/// Everything a one-box instance keeps, under one folder:
///
///     shoal.lock   held by the one process that may use the folder
///     shoal.db     SQLite
///     media/       the local store: files as published
///     uploads/     acknowledged bytes of uploads that are not finished
///     work/        scratch of running jobs; emptied at start
///     workers/     folders of the workers that the autoscaler starts; may be deleted
///     node.id      which node of a cluster this folder makes
///     cache/media/ what other stores' media were read (storage.cache_limit); may be deleted
///
/// Held by one process: the lock is the kernel's (flock), so it goes with the process, also by
/// kill -9. Movable value.
class DataDirectory {
 public:
  static constexpr const char* k_database = "shoal.db";

  /// Makes the folders, durably, and takes the lock. Errors: conflict (another process has it; the
  /// message names its pid), unavailable (cannot be made or written; the message says why).
  static Result<DataDirectory> claim(const std::filesystem::path& root, io::FileSystem& files);
  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&&) = delete;
  ~DataDirectory();

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path media() const { return root_ / "media"; }
  std::filesystem::path uploads() const { return root_ / "uploads"; }
  std::filesystem::path work() const { return root_ / "work"; }
  /// Random, made at the first call and kept in the folder. Errors: unavailable.
  Result<std::string> node_id(io::FileSystem& files, Random& random) const;
  /// Made by the cache itself, where it is on.
  std::filesystem::path media_cache() const { return root_ / "cache" / "media"; }

 private:
  DataDirectory(std::filesystem::path root, int lock) : root_(std::move(root)), lock_(lock) {}
  std::filesystem::path root_;
  int lock_;
};

}  // namespace shoal::app
