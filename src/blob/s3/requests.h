#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "blob/s3/client.h"
#include "blob/s3/xml.h"

/// Single requests that several operations on objects are made of.
namespace shoal::blob::s3 {

/// What HeadObject's answer says of the object's bytes. Errors: corrupt.
Result<std::uint64_t> length_in(const Reply& head);

/// Bytes of an object. Errors: not_found, and those of the client.
io::Task<Result<std::uint64_t>> size_of(Client& client, std::string key);

/// What an answer with status 200 says of a failure after all (CompleteMultipartUpload,
/// CopyObject).
std::optional<ErrorBody> failure_of(Result<OrErrorBody<StoredObject>> parsed);

struct BegunUpload {
  std::string id;
  bool may_be_twice = false;  ///< an answer was lost: perhaps another one was begun, too
};
/// `headers` are those of the object.
io::Task<Result<BegunUpload>> begin_multipart(Client& client, std::string key, NameValues headers);

/// Makes one object of `size` bytes of the parts, which are in the order of their numbers. What is
/// there afterwards counts, not the answer: an earlier try may have done it. Errors: corrupt (the
/// object has another size), and those of the client.
io::Task<Result<>> complete_multipart(Client& client, std::string key, std::string upload_id,
                                      std::vector<Part> parts, std::uint64_t size);

}  // namespace shoal::blob::s3
