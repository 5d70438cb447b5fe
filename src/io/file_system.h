#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace shoal::io {

using Path = std::filesystem::path;

/// An open file. Blocking calls: use them inside Offload. One thread at a time. Closes on
/// destruction. Errors: unavailable (I/O error, disk full), not_found.
class File {
 public:
  virtual ~File() = default;
  /// Writes all of `bytes` at `offset`.
  virtual Result<> write_at(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
  /// Reads up to out.size() bytes; fewer only at the end of the file, 0 at the end.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) = 0;
  virtual Result<std::uint64_t> size() = 0;
  virtual Result<> truncate(std::uint64_t size) = 0;
  /// fsync(2): when it returns, the bytes survive a power cut. After a failure the content of the
  /// file is unknown and it must be written again from its source.
  virtual Result<> sync() = 0;
  /// The descriptor for sendfile(2), or -1 where there is none (fakes).
  virtual int descriptor() const = 0;
};

enum class OpenMode {
  read,        ///< must exist
  create_new,  ///< must not exist; read and write
  write,       ///< must exist; read and write
  create,      ///< made when missing; read and write
};

struct FileStatus {
  std::uint64_t size = 0;
  UtcTime modified{};
  bool is_directory = false;
};

/// The one seam to the disk (production: PosixFileSystem; tests: a fake that drops and tears all
/// that was not synced, renames included). Blocking. Any thread.
/// Durable means: write, File::sync, rename, sync_directory of the folder — in this order.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode) = 0;
  virtual Result<FileStatus> status(const Path& path) = 0;
  /// Atomic within one file system; replaces the target.
  virtual Result<> rename(const Path& from, const Path& to) = 0;
  /// A second name for the same bytes; conflict when `to` exists.
  virtual Result<> link(const Path& from, const Path& to) = 0;
  /// not_found when there is nothing.
  virtual Result<> remove(const Path& path) = 0;
  /// Makes what is missing, durably: a new folder's name is synced into its parent.
  virtual Result<> create_directories(const Path& path) = 0;
  virtual Result<> remove_all(const Path& path) = 0;
  /// Names (not paths) in a folder, sorted.
  virtual Result<std::vector<std::string>> list(const Path& directory) = 0;
  virtual Result<> sync_directory(const Path& directory) = 0;
  /// Bytes an ordinary user may still write.
  virtual Result<std::uint64_t> free_bytes(const Path& path) = 0;
};

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode) override;
  Result<FileStatus> status(const Path& path) override;
  Result<> rename(const Path& from, const Path& to) override;
  Result<> link(const Path& from, const Path& to) override;
  Result<> remove(const Path& path) override;
  Result<> create_directories(const Path& path) override;
  Result<> remove_all(const Path& path) override;
  Result<std::vector<std::string>> list(const Path& directory) override;
  Result<> sync_directory(const Path& directory) override;
  Result<std::uint64_t> free_bytes(const Path& path) override;
};

/// Writes `bytes` to a temporary name beside `path`, syncs, renames, syncs the folder.
Result<> write_durably(FileSystem& files, const Path& path, std::span<const std::byte> bytes);
Result<std::string> read_whole(FileSystem& files, const Path& path, std::uint64_t limit);

}  // namespace shoal::io
