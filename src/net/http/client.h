#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "io/task.h"
#include "net/http/message.h"

namespace shoal::net {

struct ClientConfig {
  Milliseconds connect_timeout{5'000};
  /// A peer that neither takes nor gives bytes for so long is given up.
  Milliseconds stall_timeout{20'000};
  bool uses_proxy = true;  ///< the environment's, if there is one
};

/// A request of ours to another server. Nothing is added to its fields but Host and Content-Length.
struct ClientRequest {
  std::string method = "GET";
  /// http or https, encoded as it is to be sent.
  std::string url;
  Headers headers{};
  /// What is sent; its length must be known. Null: nothing.
  std::shared_ptr<BodySource> body{};
  /// The longest it may take from the first byte to the last; nothing: as long as bytes flow.
  std::optional<Milliseconds> deadline{};
  /// PEM file of the authorities that the server is trusted by; empty: the system's.
  std::string ca_file{};
  /// Where the first bytes of the answer's body go, to spare a copy: who reads into just this
  /// memory finds them there, and is not woken before it is full or the body ends. It outlives the
  /// answer.
  std::span<std::byte> into{};
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  /// Pulled as it arrives, at most some hundred KiB ahead of its reader. Errors: unavailable (the
  /// connection broke, also when fewer bytes came than were announced), timeout. Dropping it ends
  /// the transfer. To be used on the executor that sent the request.
  std::unique_ptr<BodySource> body;
};

/// A body that is a text.
std::shared_ptr<BodySource> text_body(std::string text);

/// Speaks HTTP/1.1 to other servers by libcurl. Connections belong to the event loop that the
/// caller runs on and are used again there. Redirects are answers, not followed. A proxy of the
/// environment (https_proxy, no_proxy) is used. Immutable, any thread.
class HttpClient {
 public:
  explicit HttpClient(ClientConfig config = {}) : config_(config) {}

  /// Returns when the head of the answer is there, of whatever status. Errors: invalid (no URL),
  /// unavailable (no such host, refused, TLS, broken), timeout, and those of the request's body.
  /// The request may have had its effect all the same, unless it was never sent.
  io::Task<Result<ClientResponse>> send(ClientRequest request) const;

 private:
  ClientConfig config_;
};

/// The rest of an answer's body, at most `limit` bytes; more is too_large.
io::Task<Result<std::string>> read_text(BodySource& body, std::uint64_t limit);

}  // namespace shoal::net
