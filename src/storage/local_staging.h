#pragma once

#include <mutex>
#include <set>
#include <string>

#include "base/random.h"
#include "db/database.h"
#include "io/file_system.h"
#include "io/offload.h"
#include "storage/upload_staging.h"

namespace shoal::storage {

/// Uploads in a folder of this machine: one file per upload, its acknowledged bytes a prefix that
/// is synced and never written again; what lies behind it was never acknowledged. So the finished
/// file becomes the stored original by a link, without copying it (docs/formats/upload-staging.md).
/// Any thread.
class LocalStaging final : public UploadStaging {
 public:
  /// `root` must exist. The references outlive this.
  LocalStaging(io::Path root, db::Database& database, io::FileSystem& files, io::Offload& disk,
               Random& random, QuotaCheck quota, UploadLimits limits);

  io::Task<Result<Upload>> create(NewUpload announced) override;
  io::Task<Result<Upload>> find(UserId user, std::string upload_id) override;
  io::Task<Result<Upload>> append(UserId user, std::string upload_id, std::uint64_t start,
                                  std::uint64_t length, std::uint64_t total,
                                  PullBytes pull) override;
  io::Task<Result<Upload>> append_all(UserId user, std::string upload_id, PullBytes pull) override;
  io::Task<Result<>> remove(UserId user, std::string upload_id) override;
  io::Task<Result<io::Path>> local_file(Upload upload) override;
  io::Task<Result<>> hand_over(Upload upload, blob::BlobStore& store, std::string key) override;
  io::Task<Result<std::size_t>> collect(std::size_t limit) override;

 private:
  /// Holds an upload's id while a request works on it.
  class Lock;
  struct Writer;
  using OpenFile = std::shared_ptr<io::File>;

  Result<std::unique_ptr<Lock>> lock(const std::string& upload_id);
  io::Path path_of(const std::string& upload_id) const;
  io::Task<Result<Upload>> open_upload(UserId user, std::string upload_id);
  /// The file, ready to be written at `received`.
  io::Task<Result<OpenFile>> open_file(std::string upload_id, std::uint64_t received);
  /// Pulls to the end or to writer.to, acknowledging on the way.
  io::Task<Result<>> receive(Writer& writer, PullBytes& pull);
  /// Errors: unavailable where the disk has less room than what must stay free.
  io::Task<Result<>> check_reserve();
  io::Task<Result<>> write_bytes(Writer& writer, std::size_t count);
  io::Task<Result<>> acknowledge(Writer& writer);
  io::Task<Result<std::size_t>> collect_orphans(std::size_t limit);

  const io::Path root_;
  db::Database& database_;
  io::FileSystem& files_;
  io::Offload& disk_;
  Random& random_;
  const QuotaCheck quota_;
  const UploadLimits limits_;
  std::mutex mutex_;
  std::set<std::string> locked_;
};

}  // namespace shoal::storage
