#include "blob/memory_store.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace shoal::blob {
namespace {

class MemoryReader final : public ObjectReader {
 public:
  explicit MemoryReader(std::shared_ptr<const std::string> bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_->size(); }
  io::Task<Result<std::size_t>> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset >= bytes_->size()) co_return std::size_t{0};
    const std::size_t count = std::min<std::size_t>(out.size(), bytes_->size() - offset);
    std::memcpy(out.data(), bytes_->data() + offset, count);
    co_return count;
  }
  std::shared_ptr<io::File> local_file() const override { return nullptr; }

 private:
  std::shared_ptr<const std::string> bytes_;
};

std::unexpected<Error> no_such(const std::string& key) {
  return fail(ErrorCode::not_found, "no object " + key);
}

}  // namespace

std::optional<bool> MemoryStore::is_public(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return std::nullopt;
  return found->second.is_public;
}

io::Task<Result<>> MemoryStore::put_bytes(std::string key, std::string bytes, ObjectTraits traits) {
  if (!is_valid_key(key)) co_return fail(ErrorCode::invalid, "not an object key: " + key);
  const std::lock_guard lock(mutex_);
  const Object object{std::make_shared<const std::string>(std::move(bytes)), clock_.now(),
                      traits.is_public};
  if (!objects_.emplace(key, object).second)
    co_return fail(ErrorCode::conflict, "there is an object " + key + " already");
  co_return Result<>{};
}

io::Task<Result<>> MemoryStore::put_copy(std::string key, io::Path file, ObjectTraits traits) {
  std::ifstream in(file, std::ios::binary);
  if (!in) co_return fail(ErrorCode::not_found, "no file " + file.string());
  std::string bytes((std::istreambuf_iterator<char>(in)), {});
  co_return co_await put_bytes(std::move(key), std::move(bytes), std::move(traits));
}

io::Task<Result<>> MemoryStore::put_file(std::string key, io::Path file, ObjectTraits traits) {
  CO_TRY_VOID(co_await put_copy(std::move(key), file, std::move(traits)));
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  co_return Result<>{};
}

io::Task<Result<>> MemoryStore::copy(std::string from_key, std::string to_key,
                                     ObjectTraits traits) {
  std::string bytes;
  {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(from_key);
    if (found == objects_.end()) co_return no_such(from_key);
    bytes = *found->second.bytes;
  }
  co_return co_await put_bytes(std::move(to_key), std::move(bytes), std::move(traits));
}

io::Task<Result<>> MemoryStore::join(std::vector<std::string> from_keys, std::string to_key,
                                     ObjectTraits traits) {
  std::string bytes;
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& key : from_keys) {
      const auto found = objects_.find(key);
      if (found == objects_.end()) co_return no_such(key);
      bytes += *found->second.bytes;
    }
  }
  if (bytes.empty()) co_return fail(ErrorCode::invalid, "there is nothing to join");
  co_return co_await put_bytes(std::move(to_key), std::move(bytes), std::move(traits));
}

io::Task<Result<std::unique_ptr<ObjectReader>>> MemoryStore::open(std::string key) {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) co_return no_such(key);
  co_return std::make_unique<MemoryReader>(found->second.bytes);
}

io::Task<Result<ObjectStatus>> MemoryStore::status(std::string key) {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) co_return no_such(key);
  co_return ObjectStatus{found->second.bytes->size(), found->second.modified};
}

io::Task<Result<>> MemoryStore::remove(std::string key) {
  const std::lock_guard lock(mutex_);
  objects_.erase(key);
  co_return Result<>{};
}

io::Task<Result<std::vector<std::string>>> MemoryStore::list(std::string prefix, std::string after,
                                                             std::size_t limit) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> keys;
  const auto first = after < prefix ? objects_.lower_bound(prefix) : objects_.upper_bound(after);
  for (auto at = first; at != objects_.end() && keys.size() < limit; ++at) {
    if (!at->first.starts_with(prefix)) break;
    keys.push_back(at->first);
  }
  co_return keys;
}

}  // namespace shoal::blob
