#pragma once

#include <boost/asio/generic/stream_protocol.hpp>

#include "net/transport.h"

namespace shoal::net {

/// A TCP (or UNIX) socket without TLS.
class PlainTransport : public Transport {
 public:
  PlainTransport(const io::Executor& executor, int socket);

  IoResult handshake() override { return {}; }
  IoResult read(std::span<std::byte> out) override;
  IoResult write(std::span<const iovec> bytes, bool more) override;
  bool sends_files() const override { return true; }
  IoResult send_file(int descriptor, std::uint64_t offset, std::size_t length) override;
  io::Task<std::tuple<boost::system::error_code>> wait(Direction direction) override;
  io::Task<IoResult> wait_and_read(std::span<std::byte> out) override;
  void cancel() override;
  void shutdown_write() override;

 protected:
  int descriptor() const { return descriptor_; }

 private:
  boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, io::Executor> socket_;
  const int descriptor_;
};

}  // namespace shoal::net
