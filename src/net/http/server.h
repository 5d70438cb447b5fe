#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/units.h"
#include "io/task.h"
#include "net/http/message.h"

namespace shoal::io {
class Runtime;
}

namespace shoal::net {

/// All limits of the HTTP/1.1 server (RFC 9112).
struct ServerConfig {
  std::string address = "127.0.0.1";
  std::uint16_t port = 9000;  ///< 0 picks a free one
  ByteCount header_limit = 16_KiB;
  std::size_t max_headers = 100;
  std::size_t max_connections = 20'000;
  std::size_t max_connections_per_client = 1'000;
  Seconds header_timeout{15};
  Seconds idle_timeout{75};
  /// A peer that takes or gives fewer bytes than this for `stall_timeout` is closed.
  Seconds stall_timeout{30};
  Seconds drain_timeout{20};
  /// How often deadlines are looked at: each is met to within this.
  Milliseconds sweep_interval{1000};
  /// Addresses and CIDR ranges whose X-Forwarded-For and -Proto are believed (PeerTube's
  /// trust_proxy).
  std::vector<std::string> trust_proxy = {};
  struct Tls {
    std::string certificate_file;
    std::string key_file;
  };
  std::optional<Tls> tls = std::nullopt;
};

/// Answers one request. Called on the connection's executor; owns nothing of the connection.
using RequestHandler = std::function<io::Task<Response>(Request&)>;

/// Keep-alive, pipelined one at a time, HEAD, 100-continue, sendfile, graceful drain. Adds Date,
/// Content-Length or chunked framing and X-Request-Id; logs one line per request at debug level.
/// An exception in the handler is answered with 500 and logged.
class Server {
 public:
  Server(io::Runtime& runtime, ServerConfig config, RequestHandler handler, Metrics& metrics,
         Clock& clock);
  ~Server();

  /// Takes the port, so that port() is known before anything is made that needs it; connections are
  /// refused until start(). Errors: conflict (address in use), forbidden, invalid (address).
  Result<> bind();
  /// Binds where that was not done, and accepts. Errors: those of bind, invalid (certificate).
  Result<> start();
  std::uint16_t port() const;
  /// Reads the certificate files again; the old ones stay in use when the new ones are broken.
  Result<> reload_tls();
  /// Stops accepting, finishes what runs within drain_timeout, closes the rest.
  io::Task<> stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal::net
