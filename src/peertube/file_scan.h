#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "media/bytes.h"
#include "media/m3u8/playlist.h"
#include "storage/files.h"

namespace shoal::peertube {

/// What one reading of a file tells.
struct ScannedFile {
  storage::Checksum checksum;
  std::vector<Sha256Digest> segments;  ///< of the ranges that were asked for, in order
  media::Bytes head;                   ///< the first bytes, as many as were asked for
};

/// Takes a file's bytes in any chunking, once and in constant memory. `ranges` ascend and do not
/// overlap. One thread.
class FileScan {
 public:
  FileScan(std::vector<media::m3u8::ByteRange> ranges, std::size_t head);
  void update(std::span<const std::byte> bytes);
  /// Errors: corrupt (it ends before a range does).
  Result<ScannedFile> finish();

 private:
  void update_segments(std::span<const std::byte> bytes);

  const std::vector<media::m3u8::ByteRange> ranges_;
  const std::size_t head_size_;
  storage::Checksummer whole_;
  Sha256 segment_;
  std::uint64_t offset_ = 0;
  ScannedFile scanned_;
};

}  // namespace shoal::peertube
