#include "peertube/file_scan.h"

#include <algorithm>

namespace shoal::peertube {

FileScan::FileScan(std::vector<media::m3u8::ByteRange> ranges, std::size_t head)
    : ranges_(std::move(ranges)), head_size_(head) {
  scanned_.segments.reserve(ranges_.size());
}

void FileScan::update_segments(std::span<const std::byte> bytes) {
  const std::uint64_t end = offset_ + bytes.size();
  for (std::uint64_t at = offset_; at < end && scanned_.segments.size() < ranges_.size();) {
    const auto& range = ranges_[scanned_.segments.size()];
    if (range.offset >= end) return;
    at = std::max(at, range.offset);
    const std::uint64_t until = std::min(end, range.offset + range.length);
    segment_.update(bytes.subspan(at - offset_, until - at));
    at = until;
    if (until < range.offset + range.length) return;
    scanned_.segments.push_back(segment_.finish());
    segment_ = Sha256();
  }
}

void FileScan::update(std::span<const std::byte> bytes) {
  whole_.update(bytes);
  if (scanned_.head.size() < head_size_) {
    const auto wanted = bytes.first(std::min(bytes.size(), head_size_ - scanned_.head.size()));
    scanned_.head.insert(scanned_.head.end(), wanted.begin(), wanted.end());
  }
  update_segments(bytes);
  offset_ += bytes.size();
}

Result<ScannedFile> FileScan::finish() {
  if (scanned_.segments.size() != ranges_.size() || scanned_.head.size() < head_size_)
    return fail(ErrorCode::corrupt, "the file ends before its playlist says");
  scanned_.checksum = whole_.finish();
  return std::move(scanned_);
}

}  // namespace shoal::peertube
