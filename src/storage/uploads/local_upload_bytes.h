#pragma once

#include "io/file_system.h"
#include "io/offload.h"
#include "storage/uploads/upload_bytes.h"

namespace shoal::storage {

/// Uploads in a folder of this machine: one file per upload, its acknowledged bytes a prefix that
/// is synced and never written again; what lies behind it was never acknowledged. So the finished
/// file becomes the stored original by a link, without copying it (docs/formats/upload-staging.md).
class LocalUploadBytes final : public UploadBytes {
 public:
  /// `root` must exist; `reserve` bytes of its disk must stay free. The references outlive this.
  LocalUploadBytes(io::Path root, io::FileSystem& files, io::Offload& disk,
                   std::uint64_t reserve = k_disk_reserve)
      : root_(std::move(root)), files_(files), disk_(disk), reserve_(reserve) {}

  io::Task<Result<std::uint64_t>> room() override;
  io::Task<Result<std::unique_ptr<UploadWriter>>> open(Upload upload) override;
  io::Task<Result<std::vector<std::byte>>> read_head(Upload upload, std::size_t size) override;
  io::Task<Result<>> hand_over(Upload upload, blob::BlobStore& store, std::string key) override;
  io::Task<Result<std::vector<std::string>>> list() override;
  io::Task<Result<>> remove(std::string upload_id) override;

 private:
  io::Path path_of(const std::string& upload_id) const;
  /// The file, which holds exactly the bytes of a complete upload from now on.
  io::Task<Result<io::Path>> whole_file(Upload upload);

  const io::Path root_;
  io::FileSystem& files_;
  io::Offload& disk_;
  const std::uint64_t reserve_;
};

}  // namespace shoal::storage
