#pragma once

#include <sys/uio.h>

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <tuple>

#include "io/task.h"

namespace shoal::net {

/// What a non-blocking call left to do.
enum class IoState {
  done,        ///< `bytes` were moved; for a read, 0 is the end of the stream
  want_read,   ///< nothing was moved: wait until readable, then call again with the same arguments
  want_write,  ///< the same until writable (a TLS read may have to write)
  broken,      ///< the connection is gone
};

struct IoResult {
  IoState state = IoState::done;
  std::size_t bytes = 0;
};

enum class Direction { read, write };

/// The seam under a connection: a stream of bytes that is tried first and waited for only when it
/// would block. Production: PlainTransport, TlsTransport; tests: one that fails the Nth call. One
/// executor. Closes on destruction.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Done at once for plain connections.
  virtual IoResult handshake() = 0;
  virtual IoResult read(std::span<std::byte> out) = 0;
  /// Whether bytes wait above the socket, which will not become readable for them.
  virtual bool has_buffered() const { return false; }
  /// `more` says that further bytes follow at once, so that the kernel may join them.
  virtual IoResult write(std::span<const iovec> bytes, bool more) = 0;
  /// Whether send_file works here; else the bytes are read and written.
  virtual bool sends_files() const = 0;
  virtual IoResult send_file(int descriptor, std::uint64_t offset, std::size_t length) = 0;

  /// Waits until the socket is ready, cancel() is called (operation_aborted) or the task is
  /// cancelled.
  virtual io::Task<std::tuple<boost::system::error_code>> wait(Direction direction) = 0;
  /// Waits like wait(Direction::read) for what comes next on an idle connection, and may read it at
  /// once: then `done` as of read(). `want_read` says that something is there to be read; `broken`
  /// that the connection is gone, or that the wait was cut short.
  virtual io::Task<IoResult> wait_and_read(std::span<std::byte> out);
  /// Ends a running wait() or wait_and_read().
  virtual void cancel() = 0;
  /// Tells the peer that no more bytes follow; reading stays possible.
  virtual void shutdown_write() = 0;
};

/// Takes over a connected, non-blocking socket.
std::unique_ptr<Transport> make_plain_transport(io::Executor executor, int socket);

/// A certificate with its key, read once; connections keep the one they began with. Any thread.
class TlsContext;
std::unique_ptr<Transport> make_tls_transport(io::Executor executor, int socket,
                                              std::shared_ptr<TlsContext> context);

}  // namespace shoal::net
