#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace shoal::blob::s3 {

/// Where the objects of one store are. What parse_address() gives is valid; immutable value.
struct Address {
  std::string scheme;         ///< "https" or "http"
  std::string host_and_port;  ///< lower case; the port only where it is not the scheme's own
  std::string base_path;      ///< what of the endpoint's path stands before all: "" or "/a/b"
  std::string bucket;
  std::string prefix;  ///< stands before every key as it is: "" or "videos/"
  /// The bucket is the first segment of the path instead of the first label of the host.
  bool path_style = false;
};

/// The URL of an object or a bucket is scheme://host path; both as they are sent and signed.
struct Location {
  std::string host;  ///< with the port, as in the Host field
  std::string path;  ///< percent-encoded
  friend bool operator==(const Location&, const Location&) = default;
};

/// `endpoint` as PeerTube takes it: a host, a host with a port, or an URL; https where it names no
/// scheme. Path style where it is forced, and where a host cannot carry the bucket: the endpoint is
/// an IP address, the bucket is no DNS label, or has a dot that a certificate of the endpoint does
/// not cover (as AWS' own clients decide). Errors: invalid, saying what is wrong.
Result<Address> parse_address(std::string_view endpoint, std::string_view bucket,
                              std::string_view prefix, bool force_path_style);

/// Everything but RFC 3986's unreserved characters and '/' percent-encoded, once, as S3 signs it.
std::string encode_key(std::string_view key);

/// `key` is the store's: the prefix comes before it.
Location object_location(const Address& address, std::string_view key);
/// For requests to the bucket itself: lists of objects and uploads.
Location bucket_location(const Address& address);

}  // namespace shoal::blob::s3
