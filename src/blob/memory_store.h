#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "blob/blob_store.h"

namespace shoal::blob {

/// Objects in memory, for tests of what stands on a store. Passes the same conformance suite.
/// Any thread.
class MemoryStore final : public BlobStore {
 public:
  MemoryStore(std::string name, const Clock& clock) : name_(std::move(name)), clock_(clock) {}

  const std::string& name() const override { return name_; }
  bool checks_uploads() const override { return false; }
  io::Task<Result<>> put_file(std::string key, io::Path file, ObjectTraits traits) override;
  io::Task<Result<>> put_copy(std::string key, io::Path file, ObjectTraits traits) override;
  io::Task<Result<>> put_bytes(std::string key, std::string bytes, ObjectTraits traits) override;
  io::Task<Result<>> copy(std::string from_key, std::string to_key, ObjectTraits traits) override;
  io::Task<Result<>> join(std::vector<std::string> from_keys, std::string to_key,
                          ObjectTraits traits) override;
  io::Task<Result<std::unique_ptr<ObjectReader>>> open(std::string key) override;
  io::Task<Result<ObjectStatus>> status(std::string key) override;
  io::Task<Result<>> remove(std::string key) override;
  io::Task<Result<std::vector<std::string>>> list(std::string prefix, std::string after,
                                                  std::size_t limit) override;

  /// Whether anybody could read the object; nothing where there is none.
  std::optional<bool> is_public(const std::string& key) const;

 private:
  struct Object {
    std::shared_ptr<const std::string> bytes;
    UtcTime modified{};
    bool is_public = false;
  };
  const std::string name_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Object> objects_;
};

}  // namespace shoal::blob
