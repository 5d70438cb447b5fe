#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "io/file_system.h"
#include "io/system_error.h"

namespace shoal::io {

namespace {

UtcTime to_utc(const timespec& time) {
  return UtcTime{Milliseconds{std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000}};
}

class PosixFile final : public File {
 public:
  PosixFile(int descriptor, Path path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~PosixFile() override { ::close(descriptor_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Result<> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const auto written =
          ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0) {
        if (errno == EINTR) continue;
        return fail_errno("cannot write", path_);
      }
      bytes = bytes.subspan(static_cast<std::size_t>(written));
      offset += static_cast<std::uint64_t>(written);
    }
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      const auto got = ::pread(descriptor_, out.data() + done, out.size() - done,
                               static_cast<off_t>(offset + done));
      if (got < 0) {
        if (errno == EINTR) continue;
        return fail_errno("cannot read", path_);
      }
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Result<std::uint64_t> size() override {
    struct stat status{};
    if (::fstat(descriptor_, &status) != 0) return fail_errno("cannot examine", path_);
    return static_cast<std::uint64_t>(status.st_size);
  }

  Result<> truncate(std::uint64_t size) override {
    if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0)
      return fail_errno("cannot resize", path_);
    return {};
  }

  Result<> sync() override {
    if (::fsync(descriptor_) != 0) return fail_errno("cannot sync", path_);
    return {};
  }

  int descriptor() const override { return descriptor_; }

 private:
  const int descriptor_;
  const Path path_;
};

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::read:
      return O_RDONLY;
    case OpenMode::create_new:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::write:
      return O_RDWR;
    case OpenMode::create:
      return O_RDWR | O_CREAT;
  }
  return O_RDONLY;
}

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::open(const Path& path, OpenMode mode) {
  // O_NONBLOCK: opening a FIFO that somebody planted must not hang; it means nothing for a file.
  const int descriptor = ::open(path.c_str(), open_flags(mode) | O_CLOEXEC | O_NONBLOCK, 0640);
  if (descriptor < 0) return fail_errno("cannot open", path);
  auto file = std::make_unique<PosixFile>(descriptor, path);
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) return fail_errno("cannot examine", path);
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::invalid, path.string() + " is not a file");
  return file;
}

Result<FileStatus> PosixFileSystem::status(const Path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return fail_errno("cannot examine", path);
  return FileStatus{.size = static_cast<std::uint64_t>(status.st_size),
                    .modified = to_utc(status.st_mtim),
                    .is_directory = S_ISDIR(status.st_mode)};
}

Result<> PosixFileSystem::rename(const Path& from, const Path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno("cannot rename", from);
  return {};
}

Result<> PosixFileSystem::link(const Path& from, const Path& to) {
  if (::link(from.c_str(), to.c_str()) != 0) return fail_errno("cannot link", to);
  return {};
}

Result<> PosixFileSystem::remove(const Path& path) {
  if (::unlink(path.c_str()) == 0) return {};
  if (errno == EISDIR && ::rmdir(path.c_str()) == 0) return {};
  return fail_errno("cannot remove", path);
}

Result<> PosixFileSystem::create_directories(const Path& path) {
  Path folder;
  for (const auto& part : path) {
    const auto parent = folder.empty() ? Path(".") : folder;
    folder /= part;
    if (::mkdir(folder.c_str(), 0750) == 0) {
      TRY_VOID(sync_directory(parent));
    } else if (errno != EEXIST) {
      const int error = errno;
      // A parent on a read-only or foreign file system need not be writable if it is there.
      std::error_code ignored;
      if (!std::filesystem::is_directory(folder, ignored))
        return fail_errno("cannot create the folder", folder, error);
    }
  }
  std::error_code error;
  if (!std::filesystem::is_directory(path, error))
    return fail(ErrorCode::conflict, path.string() + " is not a folder");
  return {};
}

Result<> PosixFileSystem::remove_all(const Path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return fail_errno("cannot remove", path, error.value());
  return {};
}

Result<std::vector<std::string>> PosixFileSystem::list(const Path& directory) {
  std::error_code error;
  std::filesystem::directory_iterator entries(directory, error);
  std::vector<std::string> names;
  while (!error && entries != std::filesystem::directory_iterator()) {
    names.push_back(entries->path().filename().string());
    entries.increment(error);
  }
  if (error) return fail_errno("cannot list", directory, error.value());
  std::ranges::sort(names);
  return names;
}

Result<> PosixFileSystem::sync_directory(const Path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return fail_errno("cannot open the folder", directory);
  const int outcome = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  if (outcome != 0) return fail_errno("cannot sync the folder", directory, error);
  return {};
}

Result<std::uint64_t> PosixFileSystem::free_bytes(const Path& path) {
  struct statvfs status{};
  if (::statvfs(path.c_str(), &status) != 0) return fail_errno("cannot examine", path);
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace shoal::io
