#include "app/data_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/text.h"

namespace shoal::app {
namespace {

namespace fs = std::filesystem;

std::string read_pid(int descriptor) {
  char text[32] = {};
  const ssize_t got = ::pread(descriptor, text, sizeof text - 1, 0);
  std::string pid(text, got > 0 ? static_cast<std::size_t>(got) : 0);
  return pid.substr(0, pid.find('\n'));
}

Result<int> take_lock(const fs::path& path) {
  const int lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) {
    return fail(
        ErrorCode::unavailable,
        fmt::format("cannot write {}: {}. Give the user that runs Shoal write access to the "
                    "folder, or choose another with --data.",
                    path.string(), std::strerror(errno)));
  }
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const std::string pid = read_pid(lock);
    ::close(lock);
    return fail(ErrorCode::conflict,
                fmt::format("{} is in use by another Shoal (process {}). Stop it first, or start "
                            "this one with another --data folder.",
                            path.parent_path().string(), pid.empty() ? "unknown" : pid));
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock, 0) != 0 || ::pwrite(lock, pid.data(), pid.size(), 0) < 0) {
    const int error = errno;
    ::close(lock);
    return fail(ErrorCode::unavailable,
                fmt::format("cannot write {}: {}.", path.string(), std::strerror(error)));
  }
  return lock;
}

std::unexpected<Error> cannot_make(const fs::path& folder, std::string_view why) {
  return fail(ErrorCode::unavailable,
              fmt::format("cannot make the data folder {}: {}.", folder.string(), why));
}

}  // namespace

Result<DataDirectory> DataDirectory::claim(const fs::path& root, io::FileSystem& files) {
  std::error_code error;
  const fs::path absolute = fs::absolute(root, error);
  if (error) return cannot_make(root, error.message());
  const bool is_new = !fs::exists(absolute, error);
  // Through the seam that syncs each new name into its parent: what is durable below a folder is
  // lost with the folder's name.
  if (const auto made = files.create_directories(absolute); !made)
    return cannot_make(absolute, made.error().message);
  // What is made here is its user's alone: database, secrets and private videos lie below. A folder
  // that was there before keeps the rights that somebody gave it.
  if (is_new) fs::permissions(absolute, fs::perms::owner_all, error);
  if (error) return cannot_make(absolute, error.message());
  TRY(const int lock, take_lock(absolute / "shoal.lock"));
  DataDirectory directory(absolute, lock);
  // Scratch belongs to the process that made it; whatever is there is from one that ended.
  (void)files.remove_all(directory.work());
  for (const fs::path& folder : {directory.media(), directory.uploads(), directory.work()}) {
    if (const auto made = files.create_directories(folder); !made)
      return cannot_make(folder, made.error().message);
  }
  return directory;
}

Result<std::string> DataDirectory::node_id(io::FileSystem& files, Random& random) const {
  constexpr std::size_t k_bytes = 16;
  const fs::path path = root_ / "node.id";
  auto kept = io::read_whole(files, path, 2 * k_bytes);
  std::array<std::byte, k_bytes> number{};
  if (kept && from_hex(*kept, number)) return kept;
  if (!kept && kept.error().code == ErrorCode::unavailable) return kept;
  std::string id = random.hex(k_bytes);
  TRY_VOID(io::write_durably(files, path, std::as_bytes(std::span(id))));
  return id;
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : root_(std::move(other.root_)), lock_(std::exchange(other.lock_, -1)) {}

DataDirectory::~DataDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace shoal::app
