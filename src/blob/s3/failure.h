#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "blob/s3/xml.h"

namespace shoal::blob::s3 {

/// What a request was answered instead of success. Views of the caller's, for one call.
struct Refusal {
  int status = 0;                 ///< of HTTP; what is in `body` may say more
  std::optional<ErrorBody> body;  ///< none after HEAD, and where a proxy answers itself
  std::string_view operation;     ///< "PutObject", in the words of S3's reference
  std::string_view store;         ///< its name in the configuration
  std::string_view bucket;
  std::string_view endpoint;  ///< as host_and_port of the Address
};

/// The refusal in the codes of BlobStore, with a sentence that says what to change where something
/// must be: not_found, conflict (it exists, or somebody else is writing it), too_large (over a
/// limit), full, unavailable (keys, clock, region, bucket or server are not in order), busy
/// (throttled), timeout, corrupt (bytes were changed on their way), unsupported, invalid. Codes as
/// in https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and those of MinIO, Ceph
/// and others; one that is not known counts as its status.
Error to_error(const Refusal& refusal);

/// Whether the same request may succeed within a minute, without anybody changing anything.
bool is_worth_retrying(int status, const std::optional<ErrorBody>& body);

/// How long to wait before the retry number `attempt`, from 0: uniform in
/// [0, min(20 s, 200 ms * 2^attempt)]. "Full jitter" of "Exponential Backoff and Jitter",
/// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/: clients that failed
/// together do not come back together.
Milliseconds retry_delay(unsigned attempt, Random& random);
/// The longest that retry_delay() can give.
Milliseconds longest_retry_delay(unsigned attempt);

}  // namespace shoal::blob::s3
