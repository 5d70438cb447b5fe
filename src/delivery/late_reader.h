#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "blob/blob_store.h"

namespace shoal::delivery {

/// An object whose store is away: as long as its record says, and opened by the first read that
/// nothing nearer answers. Errors of a read: those of BlobStore::open too; corrupt (its size is
/// another). The store outlives it. Any thread.
class LateReader final : public blob::ObjectReader {
 public:
  LateReader(blob::BlobStore& store, std::string object_key, std::uint64_t size)
      : store_(store), object_key_(std::move(object_key)), size_(size) {}

  std::uint64_t size() const override { return size_; }
  std::shared_ptr<io::File> local_file() const override { return nullptr; }
  io::Task<Result<std::size_t>> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    auto opened = get();
    if (!opened) {
      CO_TRY(opened, co_await store_.open(object_key_));
      if (opened->size() != size_)
        co_return fail(ErrorCode::corrupt, "the object is not as long as its record");
      set(opened);
    }
    co_return co_await opened->read_at(offset, out);
  }

 private:
  using Opened = std::shared_ptr<blob::ObjectReader>;
  Opened get() const {
    const std::scoped_lock lock(mutex_);
    return opened_;
  }
  void set(Opened opened) {
    const std::scoped_lock lock(mutex_);
    opened_ = std::move(opened);
  }

  blob::BlobStore& store_;
  const std::string object_key_;
  const std::uint64_t size_;
  mutable std::mutex mutex_;
  Opened opened_;
};

}  // namespace shoal::delivery
