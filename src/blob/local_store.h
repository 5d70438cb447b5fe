#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "base/random.h"
#include "base/result.h"
#include "blob/blob_store.h"
#include "blob/store_marker.h"
#include "io/file_system.h"
#include "io/offload.h"

namespace shoal::blob {

/// Objects as files under one folder; keys are relative paths. A put writes or links to a temporary
/// name in the same file system, syncs it, links it to its key (which fails when the key exists)
/// and syncs the folder. Any thread; all file calls run on `disk`.
class LocalStore final : public BlobStore {
 public:
  /// Opens the folder that holds the registered marker. A store that is not registered and holds
  /// nothing yet: opens the folder that this instance claimed before, or claims an empty one.
  /// Blocking. Errors: unavailable (cannot be read or written; another instance's; its marker is
  /// gone or another: the message says what to do). Nothing is written into a folder that is not
  /// the store's.
  static Result<std::unique_ptr<LocalStore>> open(std::string name, io::Path root,
                                                  const StoreRegistration& known,
                                                  io::FileSystem& files, io::Offload& disk,
                                                  Random& random);
  /// The same for a process beside the one that has it open: claims nothing, writes nothing, and
  /// leaves alone what puts have on their way. Errors: also not_found (nobody's yet).
  static Result<std::unique_ptr<LocalStore>> open_beside(std::string name, io::Path root,
                                                         const StoreRegistration& known,
                                                         io::FileSystem& files, io::Offload& disk,
                                                         Random& random);
  /// Who the folder belongs to. Errors: not_found (nobody's yet), unavailable, corrupt.
  static Result<StoreIdentity> marker_of(const io::Path& root, io::FileSystem& files);
  /// The same look as open()'s, without writing anything; not_found for a folder that open() would
  /// claim.
  static Result<> check_marker(const std::string& name, const io::Path& root,
                               const StoreRegistration& known, io::FileSystem& files);
  /// The folder is the store from now on: returns its marker, written anew (the next generation)
  /// where there is none. Blocking. Errors: unavailable (another instance's; cannot be written).
  static Result<StoreIdentity> accept(const std::string& name, const io::Path& root,
                                      const StoreRegistration& known, io::FileSystem& files,
                                      Random& random);

  /// Counts each operation, and each read that fails, from now on. Before the first of them.
  void count_requests(Metrics& metrics) { metrics_ = &metrics; }

  const std::string& name() const override { return name_; }
  bool checks_uploads() const override { return false; }
  const StoreIdentity& identity() const { return identity_; }

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

 private:
  LocalStore(std::string name, io::Path root, StoreIdentity identity, io::FileSystem& files,
             io::Offload& disk, Random& random);
  /// The file of a key. Errors: invalid.
  Result<io::Path> path_of(const std::string& key) const;
  Result<> check_online() const;
  Result<> link_into_folder(const io::Path& synced, const io::Path& target);
  /// Upwards from the folder that lost an object; makes that loss durable first.
  Result<> remove_empty_folders(io::Path folder);
  Result<> sync_folders(const io::Path& target);
  Result<> link_durably(const io::Path& synced, const io::Path& target);
  /// Removes `synced` when the object is durable; leaves it alone after an error.
  Result<> put_linked(const io::Path& synced, const io::Path& target);
  /// Leaves `source` alone.
  Result<> put_copied(const std::vector<io::Path>& sources, const io::Path& target);
  Result<> copy_and_sync(const std::vector<io::Path>& sources, const io::Path& copy);
  Result<> write_and_sync(const io::Path& path, const std::string& bytes);
  io::Path temporary_path();
  template <class T>
  Result<T> counted(std::string_view operation, Result<T> result) const;

  const std::string name_;
  const io::Path root_;
  const StoreIdentity identity_;
  io::FileSystem& files_;
  io::Offload& disk_;
  Random& random_;
  Metrics* metrics_ = nullptr;
};

}  // namespace shoal::blob
