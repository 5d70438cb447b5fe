#pragma once

#include <sys/uio.h>

#include <array>
#include <memory>
#include <string>

#include "net/http/response_writer.h"
#include "net/http/shard.h"
#include "net/transport.h"

namespace shoal::net {

class RequestBody;

/// One HTTP/1.1 connection (RFC 9112), from handshake to close. One executor; owned by the task
/// that runs serve(). While idle it holds its socket and this object only.
class Connection final : public ShardMember {
 public:
  /// `peer` is the address of the other end of the socket.
  Connection(Shard& shard, std::unique_ptr<Transport> transport, std::string peer, bool secure);
  ~Connection() override;

  /// Ends when the peer or the server is done with the connection; cancellation passes through.
  io::Task<> serve();

  void expire() override;
  void end_if_idle() override;

 private:
  enum class BodyKind { none, length, chunked };
  enum class After { keep, close };

  // connection.cpp
  io::Task<bool> shake_hands();
  io::Task<After> exchange();
  /// The head of the next request from what was read already.
  RequestParser::Progress parse_head();
  /// Reads and parses on from there; false when there will be no request.
  io::Task<bool> read_head(RequestParser::Progress parsed);
  void begin_body();
  std::shared_ptr<RequestBody> make_body();
  bool can_keep_alive() const;
  io::Task<Response> call_handler();
  void identify_client();
  io::Task<> linger();

  // receive.cpp
  io::Task<Result<std::size_t>> read_body(std::span<std::byte> out);
  io::Task<Result<std::size_t>> read_sized(std::span<std::byte> out);
  io::Task<Result<std::size_t>> read_chunked(std::span<std::byte> out);
  io::Task<bool> send_continue();
  io::Task<> discard_body();
  bool body_done() const { return body_kind_ == BodyKind::none; }
  /// Waits until `limit`; false when the wait was cut short by it, or by the end of all.
  io::Task<bool> wait(Direction direction, SteadyTime limit);
  /// Waits as long as the stall timeout still allows.
  io::Task<bool> wait_for_progress(Direction direction);

  // send.cpp
  io::Task<bool> send_response(Response& response, bool close);
  void queue(const void* data, std::size_t size);
  IoState try_send(bool more);
  io::Task<bool> send(bool more);
  io::Task<bool> send_file(const FileBody& body);
  io::Task<> warm(std::shared_ptr<io::File> file, std::uint64_t offset, std::uint64_t length);
  io::Task<bool> send_copied(const FileBody& body);
  io::Task<bool> send_source(BodySource& source, bool chunked);

  Shard& shard_;
  std::unique_ptr<Transport> transport_;
  const std::string peer_;
  const bool secure_;
  const bool peer_trusted_;
  bool idle_ = false;
  bool expired_ = false;
  bool continue_pending_ = false;
  bool broken_ = false;
  BodyKind body_kind_ = BodyKind::none;
  std::uint64_t body_left_ = 0;
  /// Bytes moved since the stall budget was last full, and what is left of it.
  std::uint64_t progress_ = 0;
  SteadyTime::duration stall_left_{};
  std::uint64_t sent_ = 0;
  SteadyTime answered_{};
  std::unique_ptr<Exchange> exchange_;
  /// Where the next request of an idle connection begins to arrive: the head of most fits.
  std::array<std::byte, 512> first_bytes_;
  std::array<iovec, 4> pending_{};
  std::size_t pending_begin_ = 0;
  std::size_t pending_end_ = 0;
};

}  // namespace shoal::net
