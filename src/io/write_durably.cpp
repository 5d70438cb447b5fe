#include <system_error>

#include "base/random.h"
#include "io/file_system.h"
#include "io/system_error.h"

namespace shoal::io {

ErrorCode classify_errno(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::not_found;
    case EEXIST:
    case ENOTEMPTY:
      return ErrorCode::conflict;
    case EFBIG:
      return ErrorCode::too_large;
    case EMFILE:
    case ENFILE:
      return ErrorCode::busy;
    case EISDIR:
    case ENAMETOOLONG:
    case EINVAL:
      return ErrorCode::invalid;
    default:
      return ErrorCode::unavailable;
  }
}

std::unexpected<Error> fail_errno(std::string_view what, const std::filesystem::path& path,
                                  int error) {
  std::string message(what);
  message += ' ';
  message += path.string();
  message += ": ";
  message += std::generic_category().message(error);
  return fail(classify_errno(error), std::move(message));
}

namespace {

Result<> write_and_rename(FileSystem& files, const Path& temporary, const Path& path,
                          std::span<const std::byte> bytes) {
  {
    TRY(const auto file, files.open(temporary, OpenMode::create_new));
    TRY_VOID(file->write_at(0, bytes));
    TRY_VOID(file->sync());
  }
  TRY_VOID(files.rename(temporary, path));
  return files.sync_directory(path.parent_path());
}

}  // namespace

Result<> write_durably(FileSystem& files, const Path& path, std::span<const std::byte> bytes) {
  SystemRandom random;
  const Path temporary =
      path.parent_path() / ("." + path.filename().string() + "." + random.hex(6) + ".tmp");
  auto written = write_and_rename(files, temporary, path, bytes);
  // Best effort: the first failure is the one worth telling, and after a power cut a left-over name
  // is collected by its owner's sweep.
  if (!written) std::ignore = files.remove(temporary);
  return written;
}

Result<std::string> read_whole(FileSystem& files, const Path& path, std::uint64_t limit) {
  TRY(const auto file, files.open(path, OpenMode::read));
  TRY(const auto size, file->size());
  if (size > limit) return fail(ErrorCode::too_large, path.string() + " is larger than expected");
  std::string text(size, '\0');
  TRY(const auto got, file->read_at(0, std::as_writable_bytes(std::span(text))));
  text.resize(got);
  return text;
}

}  // namespace shoal::io
