#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "db/database.h"
#include "io/offload.h"
#include "peertube/file_scan.h"
#include "storage/files.h"
#include "storage/stores.h"

namespace shoal::peertube {

/// An object that is durable and will be recorded with its video.
struct Placed {
  storage::NewFile file;  ///< its video is not known yet
  std::string store;
  std::string object_key;
  storage::Exposure exposure = storage::Exposure::closed;
};

/// What is to be put: a file with its checksum, except for the video's number.
struct Parcel {
  Uuid video;
  storage::NewFile file;
};

/// Puts what an import brings into its home. Each object is announced before it is put, under a key
/// that only imports use (hls/<video>/import/<name>), so that one that is never recorded is
/// collected; an import that is done again finds what was put before, and looks whether it is
/// right. Any thread.
class Depot {
 public:
  struct Services {
    db::Database& database;
    const storage::Stores& stores;
    io::Offload& offload;
    const Clock& clock;
  };
  explicit Depot(Services services) : services_(services) {}

  /// Errors: unavailable (the home is away), busy, those of the store.
  io::Task<Result<Placed>> put_bytes(Parcel parcel, std::string bytes);
  /// `keeps_source`: the file is somebody else's and is copied; else it is gone afterwards.
  io::Task<Result<Placed>> put_file(Parcel parcel, io::Path path, bool keeps_source);

  /// Reads an object to its end. Errors: as reading, corrupt.
  io::Task<Result<ScannedFile>> scan(std::shared_ptr<blob::ObjectReader> reader,
                                     FileScan scan) const;

 private:
  using PutAt = std::function<io::Task<Result<>>(blob::BlobStore& store, std::string key)>;
  io::Task<Result<Placed>> put(Parcel parcel, PutAt put_at);
  /// False when the key is somebody else's.
  io::Task<Result<bool>> announce(blob::BlobStore& store, std::string key);
  io::Task<Result<bool>> is_right(blob::BlobStore& store, std::string key,
                                  storage::Checksum checksum);

  const Services services_;
};

}  // namespace shoal::peertube
