#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "blob/blob_store.h"
#include "storage/exposure/exposure.h"
#include "storage/file_kind.h"

namespace shoal::storage {

/// The stores that this node reaches, by name, and which of them new files of each kind are for. It
/// owns none of them: they outlive it. Any thread.
class Stores {
 public:
  /// A store that comes later (a disk that is mounted now) may be added later.
  void add(blob::BlobStore& store) {
    const std::scoped_lock lock(mutex_);
    stores_[store.name()] = &store;
  }
  /// Null when this node does not have it.
  blob::BlobStore* find(std::string_view name) const {
    const std::scoped_lock lock(mutex_);
    const auto found = stores_.find(name);
    return found == stores_.end() ? nullptr : found->second;
  }

  /// How a store exposes what everybody may see; closed where nothing was said.
  void set_exposure(std::string store, Exposure exposure) {
    const std::scoped_lock lock(mutex_);
    exposures_[std::move(store)] = exposure;
  }
  Exposure exposure_in(std::string_view store) const {
    const std::scoped_lock lock(mutex_);
    const auto found = exposures_.find(store);
    return found == exposures_.end() ? Exposure::closed : found->second;
  }

  void set_home(FileKind kind, std::string store) {
    const std::scoped_lock lock(mutex_);
    homes_[kind] = std::move(store);
  }
  /// The name of the store that new files of a kind are for; "local" where nothing was said.
  std::string home_name(FileKind kind) const {
    const std::scoped_lock lock(mutex_);
    const auto found = homes_.find(kind);
    return found == homes_.end() ? "local" : found->second;
  }
  /// Null while this node does not reach it.
  blob::BlobStore* home(FileKind kind) const { return find(home_name(kind)); }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, blob::BlobStore*, std::less<>> stores_;
  std::map<std::string, Exposure, std::less<>> exposures_;
  std::map<FileKind, std::string> homes_;
};

}  // namespace shoal::storage
