#include "storage/uploads/upload_bytes.h"

#include <algorithm>

namespace shoal::storage {

io::Task<Result<std::uint64_t>> room_on_disk(io::FileSystem& files, io::Offload& disk,
                                             io::Path folder, std::uint64_t reserve) {
  CO_TRY(const std::uint64_t free,
         co_await disk.run([&files, folder] { return files.free_bytes(folder); }));
  co_return free - std::min(free, reserve);
}

io::Task<Result<>> accept_handed_over(const Upload& upload, blob::BlobStore& store,
                                      std::string key) {
  CO_TRY(const auto stored, co_await store.status(std::move(key)));
  if (stored.size == *upload.total) co_return Result<>{};
  co_return fail(ErrorCode::conflict, "the store holds something else under the upload's key");
}

}  // namespace shoal::storage
