#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace shoal::tests {

/// A blocking loopback connection that sends bytes as they are given and reads answers: for tests
/// of servers. Every wait ends after ten seconds with an exception.
class SocketClient {
 public:
  struct Answer {
    int status = 0;
    std::string head;
    std::string body;
    /// The value of a header field of the head, compared without case; empty when missing.
    std::string field(std::string_view name) const {
      for (std::size_t at = head.find("\r\n"); at != std::string::npos;
           at = head.find("\r\n", at)) {
        at += 2;
        const auto colon = head.find(':', at);
        const auto end = head.find("\r\n", at);
        if (colon == std::string::npos || colon > end) continue;
        if (colon - at == name.size() &&
            ::strncasecmp(head.data() + at, name.data(), name.size()) == 0)
          return head.substr(colon + 2, end - colon - 2);
      }
      return {};
    }
  };

  explicit SocketClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
      throw std::runtime_error("cannot connect");
  }
  ~SocketClient() { ::close(socket_); }
  SocketClient(const SocketClient&) = delete;
  SocketClient& operator=(const SocketClient&) = delete;

  int descriptor() const { return socket_; }

  /// False when the peer has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void end_sending() { ::shutdown(socket_, SHUT_WR); }

  /// Reads one answer by its Content-Length, its chunks or to the end of the connection.
  /// `head_only` for answers to HEAD.
  Answer receive(bool head_only = false) {
    Answer answer;
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos)
      if (!more()) throw std::runtime_error("the connection ended within a head: " + input_);
    answer.head = input_.substr(0, end + 2);
    input_.erase(0, end + 4);
    answer.status = std::atoi(answer.head.c_str() + 9);
    if (answer.status == 204 || answer.status == 304 || answer.status < 200 || head_only)
      return answer;
    if (answer.field("Transfer-Encoding") == "chunked") {
      answer.body = take_chunks();
    } else if (const auto length = answer.field("Content-Length"); !length.empty()) {
      answer.body = take(std::strtoull(length.c_str(), nullptr, 10));
    } else {
      answer.body = receive_rest();
    }
    return answer;
  }

  Answer ask(std::string_view request) {
    send(request);
    return receive();
  }

  /// Everything until the peer closes.
  std::string receive_rest() {
    while (more()) {
    }
    return std::exchange(input_, {});
  }

  /// Whether the peer closes, or has closed, without sending more.
  bool closes() { return input_.empty() && !more(); }

 private:
  std::string take(std::size_t size) {
    while (input_.size() < size)
      if (!more()) throw std::runtime_error("the connection ended within a body");
    auto bytes = input_.substr(0, size);
    input_.erase(0, size);
    return bytes;
  }

  std::string take_chunks() {
    std::string body;
    for (;;) {
      std::size_t end = 0;
      while ((end = input_.find("\r\n")) == std::string::npos)
        if (!more()) throw std::runtime_error("the connection ended within a chunk");
      const auto size = std::strtoull(take(end + 2).c_str(), nullptr, 16);
      body += take(size);
      if (take(2) != "\r\n") throw std::runtime_error("a chunk does not end");
      if (size == 0) return body;
    }
  }

  bool more() {
    char buffer[64 * 1024];
    const auto got = ::recv(socket_, buffer, sizeof(buffer), 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      throw std::runtime_error("no answer within ten seconds");
    if (got <= 0) return false;
    input_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  const int socket_;
  std::string input_;
};

}  // namespace shoal::tests
