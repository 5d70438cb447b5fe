#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"

namespace shoal::media {

/// One segment of a file: HTTP's closed range, as PeerTube's file names them.
struct SegmentDigest {
  std::uint64_t first_byte = 0;
  std::uint64_t last_byte = 0;
  Sha256Digest sha256{};
  friend bool operator==(const SegmentDigest&, const SegmentDigest&) = default;
};

struct FileDigests {
  std::string file_name;
  /// In the order of the file; its initialization part has none.
  std::vector<SegmentDigest> segments;
  friend bool operator==(const FileDigests&, const FileDigests&) = default;
};

/// PeerTube's `<uuid>-segments-sha256.json`: {"file": {"1372-120958": "<hex>"}}.
std::string write_segments_sha256(const std::vector<FileDigests>& files);
/// At most 100 files of 100,000 segments. Errors: corrupt, too_large.
Result<std::vector<FileDigests>> parse_segments_sha256(std::string_view text);

}  // namespace shoal::media
