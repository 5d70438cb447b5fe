#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/result.h"
#include "blob/s3/address.h"
#include "blob/s3/breaker.h"
#include "blob/s3/keyring.h"
#include "blob/s3/rate_limit.h"
#include "blob/s3/sigv4.h"
#include "blob/s3/xml.h"
#include "io/semaphore.h"
#include "io/task.h"
#include "net/http/client.h"

namespace shoal::blob::s3 {

struct ClientConfig {
  std::string store;  ///< its name, for messages and metrics
  Address address;
  std::string region = "us-east-1";
  Credentials credentials;
  /// Whose keys are used where `credentials` are not set.
  std::optional<RolePlace> role{};
  unsigned attempts = 3;
  /// Requests at once, for reading and for the rest; others wait.
  std::size_t max_connections = 32;
  std::uint64_t upload_rate = 0;    ///< bytes a second; 0: no limit
  std::uint64_t download_rate = 0;  ///< the same
  std::uint64_t request_rate = 0;   ///< a second; 0: no limit
  net::ClientConfig http{};
};

/// One request of S3's REST API.
struct Operation {
  std::string name;  ///< "PutObject", in the words of the reference; one of a few
  std::string method = "GET";
  std::optional<std::string> key{};  ///< the store's; nothing: the bucket itself
  NameValues query{};
  NameValues headers{};
  /// Makes the body, anew for each attempt; none: no body.
  std::function<std::shared_ptr<net::BodySource>()> body{};
  std::string payload_sha256{k_empty_sha256};
  /// What a text answered with status 200 says of a failure after all.
  std::function<std::optional<ErrorBody>(std::string_view text)> failure_in{};
  /// As net::ClientRequest::into.
  std::span<std::byte> into{};
};

struct Reply {
  int status = 0;
  net::Headers headers;
  std::string text;
  unsigned attempts = 1;  ///< more than one: an earlier one may have had its effect
};

/// Signs requests to one store, sends them, tries again what may succeed, and says what is wrong
/// otherwise. Any thread.
class Client {
 public:
  Client(ClientConfig config, const Clock& clock, Random& random, Metrics& metrics);

  /// For answers of at most 4 MiB, which are read. Errors: those of to_error(); unavailable at once
  /// while the store is known to be away.
  io::Task<Result<Reply>> call(Operation operation);
  /// For answers that are streams: status 2xx, and the body to be pulled. One that breaks is the
  /// caller's to ask for again.
  io::Task<Result<net::ClientResponse>> open(Operation operation);

  /// An URL at which anybody may get the object for a while, answered with this
  /// Content-Disposition unless it is empty. It ends with the keys, if they end before. Errors:
  /// invalid, unavailable (there are no keys, or they are about to end).
  Result<std::string> presigned_url(std::string_view key, Seconds valid_for,
                                    std::string_view content_disposition) const;
  /// An URL at which anybody may put an object of just this size for a while; the size is signed,
  /// so the store refuses another. Errors: as above.
  Result<std::string> presigned_put_url(std::string_view key, Seconds valid_for,
                                        std::uint64_t size) const;
  /// To be called every half minute: see Keyring.
  io::Task<> renew_keys_early() { return keyring_.renew_early(); }
  bool is_away() const { return breaker_.is_open(clock_.steady_now()); }
  const ClientConfig& config() const { return config_; }

 private:
  struct Attempt {
    std::optional<net::ClientResponse> response{};  ///< with a success
    std::string text{};
    std::optional<Error> error{};
    bool may_retry = false;
    bool is_outage = false;  ///< counts against the store, not against the request
  };
  io::Task<Attempt> attempt(const Signer& signer, const Operation& operation, bool reads_text);
  io::Task<Attempt> failed_status(const Operation& operation, net::ClientResponse response);
  io::Task<Result<Attempt>> persist(const Operation& operation, bool reads_text,
                                    unsigned& attempts);
  Result<std::string> presign(const Unsigned& bare, const Location& location,
                              Seconds valid_for) const;
  net::ClientRequest sign(const Signer& signer, const Operation& operation);
  Error say(const Operation& operation, int status, const std::optional<ErrorBody>& body) const;
  void count(const Operation& operation, const Attempt& attempt);

  const ClientConfig config_;
  const Clock& clock_;
  Random& random_;
  Metrics& metrics_;
  Keyring keyring_;
  const net::HttpClient http_;
  Breaker breaker_;
  RateLimit uploads_;
  RateLimit downloads_;
  RateLimit requests_;
  /// Apart, so that who reads an object to put it elsewhere never waits for itself.
  io::Semaphore readers_;
  io::Semaphore callers_;
};

}  // namespace shoal::blob::s3
