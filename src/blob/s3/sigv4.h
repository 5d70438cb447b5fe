#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/result.h"

/// AWS Signature Version 4 as S3 wants it: the path is encoded once and never normalised.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
namespace shoal::blob::s3 {

using NameValues = std::vector<std::pair<std::string, std::string>>;

/// Values of `Unsigned::payload_sha256`: a body that is not hashed (over TLS), and no body.
inline constexpr std::string_view k_unsigned_payload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view k_empty_sha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  ///< empty for keys that last
};

/// A request as it will be sent, without its signature.
struct Unsigned {
  std::string method;  ///< "GET"
  std::string host;    ///< as in the Host field: with the port unless it is the scheme's own
  std::string path;    ///< percent-encoded as sent; begins with '/'
  NameValues query;    ///< not encoded; sent as canonical_query() writes them
  NameValues headers;  ///< to sign besides the host; never those that signing adds
  std::string payload_sha256;  ///< lower-case hex, or k_unsigned_payload
};

/// "a=1&b=%2F" sorted by name and value, without '?': what is signed, so also what is to be sent.
std::string canonical_query(const NameValues& query);

/// The key of one day, region and service, derived from the secret by four HMACs. Immutable value.
class SigningKey {
 public:
  /// `date` is "YYYYMMDD" in UTC.
  SigningKey(std::string_view secret_access_key, std::string_view date, std::string_view region,
             std::string_view service);
  const std::string& date() const { return date_; }
  /// "20130524/us-east-1/s3/aws4_request"
  const std::string& scope() const { return scope_; }
  /// Lower-case hex.
  std::string sign(std::string_view string_to_sign) const;

 private:
  std::string date_;
  std::string scope_;
  Sha256Digest key_;
};

/// Signs for one account, region and service, and keeps the key of the day. Any thread.
class Signer {
 public:
  Signer(Credentials credentials, std::string region, std::string service = "s3");

  /// The fields to add to `request`: x-amz-date, x-amz-content-sha256, Authorization and, with a
  /// session token, x-amz-security-token. The server takes them within 15 minutes of `now`.
  NameValues sign_headers(const Unsigned& request, UtcTime now) const;

  /// The whole query string (without '?', the request's own query included) of an URL that works
  /// without any credentials for `valid_for`, 1 s to 7 days; else invalid. Whoever uses it must
  /// send `request.headers` as they are. The body is not part of it: payload_sha256 is ignored.
  Result<std::string> presign(const Unsigned& request, UtcTime now, Seconds valid_for) const;

 private:
  SigningKey key_of(std::string_view date) const;

  Credentials credentials_;
  std::string region_;
  std::string service_;
  mutable std::mutex mutex_;
  mutable std::optional<SigningKey> key_;  ///< under mutex_
};

}  // namespace shoal::blob::s3
