#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

/// The bodies of S3's REST API (version 2006-03-01), bytes to values. Namespaces and prefixes are
/// passed over; a body is at most 4 MiB, a list at most 10,000 entries. Every parser's error is
/// corrupt and says which element is wrong.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html
namespace shoal::blob::s3 {

inline constexpr std::uint32_t k_max_part_number = 10'000;

/// What a failed request answers ("Error Responses" of the reference). Empty where the server says
/// nothing; only the code is always there.
struct ErrorBody {
  std::string code;  ///< "NoSuchKey"
  std::string message;
  std::string request_id;
  std::string region;       ///< the right one, of a request signed for another
  std::string endpoint;     ///< the right one, of PermanentRedirect and TemporaryRedirect
  std::string server_time;  ///< the server's clock, of RequestTimeTooSkewed
};

/// Some answers turn into an error after their status 200 was sent.
template <class T>
using OrErrorBody = std::variant<T, ErrorBody>;

/// ETags are without their quotes everywhere in this folder.
struct StoredObject {
  std::string etag;                 ///< may be empty
  std::optional<UtcTime> modified;  ///< of copies only
};

struct ListedObject {
  std::string key;  ///< with the store's prefix; decoded where the server encoded it
  std::uint64_t size = 0;
  std::optional<UtcTime> modified;
  std::string etag;  ///< may be empty
};

/// One page of ListObjectsV2, or of a server that only knows ListObjects.
struct ObjectPage {
  std::vector<ListedObject> objects;
  bool is_truncated = false;
  std::string next_token;   ///< the next page's continuation-token; empty: use next_marker
  std::string next_marker;  ///< the next page's start-after (or marker); never both empty
};

struct Part {
  std::uint32_t number = 0;  ///< 1 to 10,000
  std::uint64_t size = 0;    ///< bytes
  std::string etag;
  friend bool operator==(const Part&, const Part&) = default;
};

struct PartPage {
  std::vector<Part> parts;  ///< by number
  bool is_truncated = false;
  std::uint32_t next_marker = 0;  ///< the next page's part-number-marker
};

struct ListedUpload {
  std::string key;  ///< with the store's prefix; decoded where the server encoded it
  std::string upload_id;
  std::optional<UtcTime> initiated;
};

struct UploadPage {
  std::vector<ListedUpload> uploads;
  bool is_truncated = false;
  std::string next_key_marker;  ///< of the next page, together with next_upload_id_marker
  std::string next_upload_id_marker;
};

Result<ErrorBody> parse_error(std::string_view body);
/// The upload id of InitiateMultipartUploadResult.
Result<std::string> parse_initiate_multipart(std::string_view body);
Result<OrErrorBody<StoredObject>> parse_complete_multipart(std::string_view body);
/// CopyObjectResult or CopyPartResult.
Result<OrErrorBody<StoredObject>> parse_copy(std::string_view body);
/// ListBucketResult. A truncated page always says how to go on.
Result<ObjectPage> parse_list_objects(std::string_view body);
/// ListPartsResult. A truncated page always goes on after its parts.
Result<PartPage> parse_list_parts(std::string_view body);
/// ListMultipartUploadsResult. A truncated page always says how to go on.
Result<UploadPage> parse_list_uploads(std::string_view body);

/// The body of CompleteMultipartUpload. `parts` in ascending order of their numbers; sizes are not
/// sent.
std::string write_complete_multipart(std::span<const Part> parts);

/// "\"abc\"", as fields and XML hold it, without its quotes.
std::string_view unquoted_etag(std::string_view etag);

}  // namespace shoal::blob::s3
