#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "blob/s3/client.h"

namespace shoal::blob::s3 {

/// "CopyObject … up to 5 GB in size in a single atomic action": larger ones are copied in parts.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
inline constexpr std::uint64_t k_largest_single_copy = 5'000'000'000;

/// An object's bytes under a second key of the same bucket.
struct CopyRequest {
  std::string from_key;
  std::string to_key;
  std::uint64_t size = 0;  ///< of the object
  NameValues headers;      ///< of the new object, in place of the old one's
  /// In one request, and the size of parts beyond it: 5 MiB at least.
  std::uint64_t largest_single = k_largest_single_copy;
};

/// The server copies by itself. What `to_key` held before is replaced; parts of a copy that failed
/// go when that key is removed. May be repeated. Errors:
/// not_found, corrupt (the copy has another size), and those of the client.
io::Task<Result<>> copy_object(Client& client, CopyRequest request);

/// A range of an object as a part of another one of the same bucket.
struct CopiedPart {
  std::string from_key;
  std::string to_key;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  NameValues query;  ///< partNumber and uploadId
};
/// Its ETag. Errors: not_found, corrupt (an answer without one), and those of the client.
io::Task<Result<std::string>> copy_part(Client& client, CopiedPart part);

}  // namespace shoal::blob::s3
