#include "storage/moves/scratch_space.h"

#include <fmt/format.h>

namespace shoal::storage {
namespace {

/// What stays free for everybody else on the disk.
constexpr std::uint64_t k_disk_reserve = std::uint64_t{256} << 20;

}  // namespace

ScratchSpace::Room::~Room() {
  (void)space_.files_.remove_all(path_);
  space_.give_back(size_);
}

Result<std::unique_ptr<ScratchSpace::Room>> ScratchSpace::take(const std::string& name,
                                                               std::uint64_t size) {
  TRY_VOID(reserve(size));
  std::unique_ptr<Room> room(new Room(*this, root_ / name, size));
  TRY_VOID(files_.create_directories(room->path()));
  TRY(const std::uint64_t free, files_.free_bytes(room->path()));
  if (free < size + k_disk_reserve) {
    return fail(ErrorCode::unavailable,
                fmt::format("{} has no room for a file of {} bytes", root_.string(), size));
  }
  return room;
}

Result<> ScratchSpace::reserve(std::uint64_t size) {
  if (size > limit_) {
    return fail(ErrorCode::too_large,
                fmt::format("a file of {} bytes does not fit into the {} bytes of scratch space",
                            size, limit_));
  }
  const std::scoped_lock lock(mutex_);
  if (size > limit_ - taken_)
    return fail(ErrorCode::busy, "the scratch space is full of other files on their way");
  taken_ += size;
  return {};
}

void ScratchSpace::give_back(std::uint64_t size) {
  const std::scoped_lock lock(mutex_);
  taken_ -= size;
}

}  // namespace shoal::storage
