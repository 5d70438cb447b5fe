#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "blob/s3/client.h"

namespace shoal::blob::s3 {

/// Bytes of one of several objects.
struct JoinRange {
  std::size_t object = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const JoinRange&, const JoinRange&) = default;
};
/// One range is copied by the server; several, or one that is too small for that, go through us.
using JoinPart = std::vector<JoinRange>;

/// Parts of an object that is to be several others in a row (sizes in bytes), by the limits of
/// multipart uploads: each but the last has at least 5 MiB (more where 10,000 parts would not be
/// enough) and at most 5 GiB, none is empty. What goes through us is never larger than the least
/// size of a part. Pure. Errors: too_large, over 5 TiB; invalid, nothing to join.
Result<std::vector<JoinPart>> plan_join(std::span<const std::uint64_t> sizes);

/// Makes one object of several. What `to_key` held before is replaced. `headers` are those of the
/// new object; `parallel` parts at a time are on their way. Errors: not_found, those of plan_join
/// and of the client.
io::Task<Result<>> join_objects(Client& client, std::vector<std::string> from_keys,
                                std::string to_key, NameValues headers, std::size_t parallel);

}  // namespace shoal::blob::s3
