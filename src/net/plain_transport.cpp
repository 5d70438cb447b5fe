#include "net/plain_transport.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <cerrno>

namespace shoal::net {

namespace asio = boost::asio;

namespace {

IoResult outcome(ssize_t moved, IoState when_blocked) {
  if (moved >= 0) return {IoState::done, static_cast<std::size_t>(moved)};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {when_blocked, 0};
  return {IoState::broken, 0};
}

template <class Call>
ssize_t retry(Call call) {
  ssize_t moved = 0;
  do {
    moved = call();
  } while (moved < 0 && errno == EINTR);
  return moved;
}

}  // namespace

PlainTransport::PlainTransport(const io::Executor& executor, int socket)
    : socket_(executor), descriptor_(socket) {
  // The family does not matter once connected; the descriptor is non-blocking already.
  boost::system::error_code ignored;
  socket_.assign(asio::generic::stream_protocol(AF_INET, 0), socket, ignored);
}

IoResult PlainTransport::read(std::span<std::byte> out) {
  return outcome(retry([&] { return ::recv(descriptor_, out.data(), out.size(), 0); }),
                 IoState::want_read);
}

IoResult PlainTransport::write(std::span<const iovec> bytes, bool more) {
  const int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
  if (bytes.size() == 1) {
    return outcome(
        retry([&] { return ::send(descriptor_, bytes[0].iov_base, bytes[0].iov_len, flags); }),
        IoState::want_write);
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(bytes.data());
  message.msg_iovlen = bytes.size();
  return outcome(retry([&] { return ::sendmsg(descriptor_, &message, flags); }),
                 IoState::want_write);
}

IoResult PlainTransport::send_file(int descriptor, std::uint64_t offset, std::size_t length) {
  auto position = static_cast<off_t>(offset);
  return outcome(retry([&] { return ::sendfile(descriptor_, descriptor, &position, length); }),
                 IoState::want_write);
}

io::Task<std::tuple<boost::system::error_code>> PlainTransport::wait(Direction direction) {
  const auto type =
      direction == Direction::read ? asio::socket_base::wait_read : asio::socket_base::wait_write;
  return socket_.async_wait(type, asio::as_tuple(io::use_awaitable));
}

io::Task<IoResult> Transport::wait_and_read(std::span<std::byte>) {
  const auto [error] = co_await wait(Direction::read);
  co_return error ? IoResult{IoState::broken, 0} : IoResult{IoState::want_read, 0};
}

io::Task<IoResult> PlainTransport::wait_and_read(std::span<std::byte> out) {
  // Where a wait re-arms the reactor each time, a read does not: one system call less per request.
  const auto [error, bytes] = co_await socket_.async_receive(asio::buffer(out.data(), out.size()),
                                                             asio::as_tuple(io::use_awaitable));
  if (error && error != asio::error::eof) co_return IoResult{IoState::broken, 0};
  co_return IoResult{IoState::done, bytes};
}

void PlainTransport::cancel() {
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void PlainTransport::shutdown_write() {
  ::shutdown(descriptor_, SHUT_WR);
}

std::unique_ptr<Transport> make_plain_transport(io::Executor executor, int socket) {
  return std::make_unique<PlainTransport>(std::move(executor), socket);
}

}  // namespace shoal::net
