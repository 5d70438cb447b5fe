#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "blob/s3/xml.h"

namespace shoal::blob::s3 {

/// "Amazon S3 multipart upload limits",
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html; in bytes. The largest object
/// is what most servers take, not the newest limit of one.
inline constexpr std::uint64_t k_min_part_size = std::uint64_t{5} << 20;
inline constexpr std::uint64_t k_max_part_size = std::uint64_t{5} << 30;
inline constexpr std::uint64_t k_max_object_size = std::uint64_t{5} << 40;

/// How an object is cut: parts 1 to part_count of part_size bytes each, the last one what is left.
/// Depends only on the two sizes it was made of, so that a repeated upload is cut the same way.
/// Immutable value.
struct MultipartPlan {
  std::uint64_t size = 0;        ///< of the object, in bytes
  std::uint64_t part_size = 0;   ///< of every part but the last, in bytes
  std::uint32_t part_count = 0;  ///< 1 to 10,000

  /// Both in bytes, of a part in [1, part_count].
  std::uint64_t offset_of(std::uint32_t number) const;
  std::uint64_t length_of(std::uint32_t number) const;
};

/// `wanted_part_size` is kept where S3 allows it: raised to 5 MiB, or to a whole number of MiB that
/// makes 10,000 parts enough, and lowered to 5 GiB. An empty object is one empty part.
/// Errors: too_large, over 5 TiB.
Result<MultipartPlan> plan_multipart(std::uint64_t size, std::uint64_t wanted_part_size);

struct Resumption {
  std::vector<Part> present;           ///< in the order of their numbers
  std::vector<std::uint32_t> missing;  ///< numbers to send, in order
};

/// What is left of a plan when the server lists `listed`. A part counts only where number and size
/// are the plan's and it has an ETag, which completing the upload needs.
Resumption resume(const MultipartPlan& plan, std::span<const Part> listed);

}  // namespace shoal::blob::s3
