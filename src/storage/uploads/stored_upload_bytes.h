#pragma once

#include "base/random.h"
#include "db/database.h"
#include "io/file_system.h"
#include "io/offload.h"
#include "storage/stores.h"
#include "storage/uploads/upload_bytes.h"

namespace shoal::storage {

/// Uploads in a store that all nodes reach, so that each request of one may go to another node:
/// what a request brought between two acknowledgements is an object, `uploads/<upload
/// id>/<start>-<random>`. The objects stay announced (storage/files.h) as long as they are parts;
/// the trash collector takes those that are of no upload (docs/formats/upload-staging.md).
class StoredUploadBytes final : public UploadBytes {
 public:
  struct Services {
    db::Database& database;
    const Stores& stores;
    io::FileSystem& files;
    io::Offload& disk;
    Random& random;
  };
  /// New parts go into `store`. `scratch` must exist; what is in it is of no use after a restart.
  StoredUploadBytes(std::string store, io::Path scratch, Services services)
      : store_(std::move(store)), scratch_(std::move(scratch)), services_(services) {}

  io::Task<Result<std::uint64_t>> room() override;
  io::Task<Result<std::unique_ptr<UploadWriter>>> open(Upload upload) override;
  io::Task<Result<std::vector<std::byte>>> read_head(Upload upload, std::size_t size) override;
  /// `store` is the one that the parts are in. Errors: also conflict, when it is not.
  io::Task<Result<>> hand_over(Upload upload, blob::BlobStore& store, std::string key) override;
  /// None: what no row names is the trash collector's.
  io::Task<Result<std::vector<std::string>>> list() override;
  io::Task<Result<>> remove(std::string upload_id) override;

 private:
  class Writer;
  io::Task<Result<std::vector<UploadPart>>> find_parts(const Upload& upload);
  /// Errors: unavailable (this node does not reach it).
  Result<blob::BlobStore*> find_store(const std::string& name) const;

  const std::string store_;
  const io::Path scratch_;
  const Services services_;
};

}  // namespace shoal::storage
