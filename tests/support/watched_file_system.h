#pragma once

#include <mutex>
#include <thread>
#include <vector>

#include "io/file_system.h"

namespace shoal::tests {

/// The real disk, and which thread opened what. Any thread.
class WatchedFileSystem final : public io::FileSystem {
 public:
  struct Opened {
    io::Path path;
    std::thread::id thread;
  };
  std::vector<Opened> opened() const {
    const std::lock_guard lock(mutex_);
    return opened_;
  }

  Result<std::unique_ptr<io::File>> open(const io::Path& path, io::OpenMode mode) override {
    {
      const std::lock_guard lock(mutex_);
      opened_.push_back({path, std::this_thread::get_id()});
    }
    return disk_.open(path, mode);
  }
  Result<io::FileStatus> status(const io::Path& path) override { return disk_.status(path); }
  Result<> rename(const io::Path& from, const io::Path& to) override {
    return disk_.rename(from, to);
  }
  Result<> link(const io::Path& from, const io::Path& to) override { return disk_.link(from, to); }
  Result<> remove(const io::Path& path) override { return disk_.remove(path); }
  Result<> create_directories(const io::Path& path) override {
    return disk_.create_directories(path);
  }
  Result<> remove_all(const io::Path& path) override { return disk_.remove_all(path); }
  Result<std::vector<std::string>> list(const io::Path& directory) override {
    return disk_.list(directory);
  }
  Result<> sync_directory(const io::Path& directory) override {
    return disk_.sync_directory(directory);
  }
  Result<std::uint64_t> free_bytes(const io::Path& path) override { return disk_.free_bytes(path); }

 private:
  io::PosixFileSystem disk_;
  mutable std::mutex mutex_;
  std::vector<Opened> opened_;
};

}  // namespace shoal::tests
