#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "io/file_system.h"

namespace shoal::storage {

/// Room on the local disk for files on their way from a store that has no local files: at most
/// `limit` bytes at once in this process. Any thread. Must outlive the rooms that it gives.
class ScratchSpace {
 public:
  ScratchSpace(io::Path root, std::uint64_t limit, io::FileSystem& files)
      : root_(std::move(root)), limit_(limit), files_(files) {}

  /// A folder for `size` bytes; gone, with what is in it, at the end of its life.
  class Room {
   public:
    ~Room();
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;
    const io::Path& path() const { return path_; }

   private:
    friend class ScratchSpace;
    Room(ScratchSpace& space, io::Path path, std::uint64_t size)
        : space_(space), path_(std::move(path)), size_(size) {}
    ScratchSpace& space_;
    const io::Path path_;
    const std::uint64_t size_;
  };

  /// `name` is new in this process. Blocking. Errors: too_large (never fits), busy (others have the
  /// room now), unavailable (the disk has none, or refuses).
  Result<std::unique_ptr<Room>> take(const std::string& name, std::uint64_t size);

 private:
  Result<> reserve(std::uint64_t size);
  void give_back(std::uint64_t size);

  const io::Path root_;
  const std::uint64_t limit_;
  io::FileSystem& files_;
  std::mutex mutex_;
  std::uint64_t taken_ = 0;  ///< under mutex_
};

}  // namespace shoal::storage
