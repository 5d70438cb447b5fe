#include "worker/worker_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <utility>

namespace shoal::worker {
namespace {

namespace json = boost::json;

constexpr std::uint64_t k_file_limit = 16 << 10;

}  // namespace

Result<WorkerFolder> WorkerFolder::claim(const io::Path& root, io::FileSystem& files) {
  TRY_VOID(files.create_directories(root));
  const int lock = ::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0 || ::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (lock >= 0) ::close(lock);
    return fail(ErrorCode::conflict,
                fmt::format("another worker uses {}: give this one a folder of its own with --data",
                            root.string()));
  }
  WorkerFolder folder(root, files, lock);
  for (const char* name : {"sources", "work"}) {
    TRY_VOID(files.remove_all(root / name));
    TRY_VOID(files.create_directories(root / name));
  }
  return folder;
}

WorkerFolder::WorkerFolder(WorkerFolder&& other) noexcept
    : root_(std::move(other.root_)), files_(other.files_), lock_(std::exchange(other.lock_, -1)) {}

WorkerFolder::~WorkerFolder() {
  if (lock_ >= 0) ::close(lock_);
}

Result<std::optional<std::string>> WorkerFolder::find_token(const std::string& server) const {
  const auto text = io::read_whole(files_, membership_file(), k_file_limit);
  if (!text && text.error().code == ErrorCode::not_found) return std::nullopt;
  if (!text) return std::unexpected(text.error());
  boost::system::error_code error;
  const json::value value = json::parse(*text, error);
  const json::object* object = error ? nullptr : value.if_object();
  const json::value* known = object == nullptr ? nullptr : object->if_contains("server");
  const json::value* token = object == nullptr ? nullptr : object->if_contains("runnerToken");
  if (known == nullptr || !known->is_string() || token == nullptr || !token->is_string())
    return fail(ErrorCode::corrupt, fmt::format("{} cannot be read; remove it to register again",
                                                membership_file().string()));
  if (known->get_string() != server)
    return fail(ErrorCode::conflict, fmt::format("{} belongs to a worker of {}", root_.string(),
                                                 std::string(known->get_string())));
  return std::optional(std::string(token->get_string()));
}

Result<> WorkerFolder::keep_token(const std::string& server, const std::string& token) {
  const std::string text =
      json::serialize(json::object{{"server", server}, {"runnerToken", token}}) + "\n";
  const ::mode_t before = ::umask(S_IRWXG | S_IRWXO);
  const auto written = io::write_durably(files_, membership_file(), std::as_bytes(std::span(text)));
  ::umask(before);
  return written;
}

}  // namespace shoal::worker
