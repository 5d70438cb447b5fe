#pragma once

#include "blob/blob_store.h"

namespace shoal::tests {

/// Does as another store does: what a test's store changes, it overrides.
class ForwardingStore : public blob::BlobStore {
 public:
  explicit ForwardingStore(blob::BlobStore& store) : store_(store) {}
  const std::string& name() const override { return store_.name(); }
  bool checks_uploads() const override { return store_.checks_uploads(); }
  io::Task<Result<>> put_file(std::string key, io::Path file, blob::ObjectTraits traits) override {
    return store_.put_file(std::move(key), std::move(file), std::move(traits));
  }
  io::Task<Result<>> put_copy(std::string key, io::Path file, blob::ObjectTraits traits) override {
    return store_.put_copy(std::move(key), std::move(file), std::move(traits));
  }
  io::Task<Result<>> put_bytes(std::string key, std::string bytes,
                               blob::ObjectTraits traits) override {
    return store_.put_bytes(std::move(key), std::move(bytes), std::move(traits));
  }
  io::Task<Result<>> copy(std::string from_key, std::string to_key,
                          blob::ObjectTraits traits) override {
    return store_.copy(std::move(from_key), std::move(to_key), std::move(traits));
  }
  io::Task<Result<>> join(std::vector<std::string> from_keys, std::string to_key,
                          blob::ObjectTraits traits) override {
    return store_.join(std::move(from_keys), std::move(to_key), std::move(traits));
  }
  io::Task<Result<std::unique_ptr<blob::ObjectReader>>> open(std::string key) override {
    return store_.open(std::move(key));
  }
  io::Task<Result<blob::ObjectStatus>> status(std::string key) override {
    return store_.status(std::move(key));
  }
  io::Task<Result<>> remove(std::string key) override { return store_.remove(std::move(key)); }
  io::Task<Result<std::vector<std::string>>> list(std::string prefix, std::string after,
                                                  std::size_t limit) override {
    return store_.list(std::move(prefix), std::move(after), limit);
  }

 protected:
  blob::BlobStore& store() { return store_; }

 private:
  blob::BlobStore& store_;
};

}  // namespace shoal::tests
