#pragma once

#include <memory>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "blob/blob_store.h"
#include "io/file_system.h"
#include "io/offload.h"

namespace shoal::blob {

/// Who a store belongs to; written once into its root as `.shoal-store`, so that an unmounted disk
/// is "offline" and never "empty", and another instance's folder is never taken for ours.
struct StoreIdentity {
  std::string store_id;     ///< UUID of this store
  std::string instance_id;  ///< of the instance that registered it
  std::int64_t generation = 1;
  friend bool operator==(const StoreIdentity&, const StoreIdentity&) = default;
};

/// Objects as files under one folder; keys are relative paths. A put writes or links to a temporary
/// name in the same file system, syncs it, links it to its key (which fails when the key exists)
/// and syncs the folder. Any thread; all file calls run on `disk`.
class LocalStore final : public BlobStore {
 public:
  /// Claims an empty folder for `instance_id`, or opens one that it claimed before. Blocking.
  /// Errors: unavailable (cannot be read or written; or another instance's, or its marker is gone
  /// although there are objects: the message says what to do).
  static Result<std::unique_ptr<LocalStore>> open(std::string name, io::Path root,
                                                  std::string instance_id, io::FileSystem& files,
                                                  io::Offload& disk, Random& random);

  const std::string& name() const override { return name_; }
  const StoreIdentity& identity() const { return identity_; }

  io::Task<Result<>> put_file(std::string key, io::Path file) override;
  io::Task<Result<>> put_bytes(std::string key, std::string bytes) override;
  io::Task<Result<std::unique_ptr<ObjectReader>>> open(std::string key) override;
  io::Task<Result<ObjectStatus>> status(std::string key) override;
  io::Task<Result<>> remove(std::string key) override;
  io::Task<Result<std::vector<std::string>>> list(std::string prefix, std::string after,
                                                  std::size_t limit) override;

 private:
  LocalStore(std::string name, io::Path root, StoreIdentity identity, io::FileSystem& files,
             io::Offload& disk, Random& random);
  /// The file of a key. Errors: invalid.
  Result<io::Path> path_of(const std::string& key) const;
  Result<> check_marker() const;
  Result<> sync_folders(const io::Path& target);
  /// Removes `synced` when the object is durable; leaves it alone after an error.
  Result<> put_linked(const io::Path& synced, const io::Path& target);
  Result<> put_copied(const io::Path& source, const io::Path& target);
  Result<> copy_and_sync(const io::Path& source, const io::Path& copy);
  Result<> write_and_sync(const io::Path& path, const std::string& bytes);
  io::Path temporary_path();

  const std::string name_;
  const io::Path root_;
  const StoreIdentity identity_;
  io::FileSystem& files_;
  io::Offload& disk_;
  Random& random_;
};

}  // namespace shoal::blob
