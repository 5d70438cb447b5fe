#include "net/http/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <system_error>

#include "base/log.h"
#include "io/runtime.h"
#include "io/task_group.h"
#include "net/http/connection.h"

namespace shoal::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// How long accepting pauses when the process has no descriptors left.
constexpr Milliseconds k_exhausted_pause{100};
constexpr int k_accept_batch = 64;
constexpr int k_backlog = 4096;

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

/// "192.0.2.1" also for its form mapped into IPv6.
std::string address_text(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    return text;
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    ::inet_ntop(AF_INET, v6.sin6_addr.s6_addr + 12, text, sizeof(text));
  } else {
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
  }
  return text;
}

/// A connection's place under the limits.
class Admission {
 public:
  Admission(ServerCore& core, std::string client) : core_(&core), client_(std::move(client)) {}
  Admission(Admission&& other) noexcept
      : core_(std::exchange(other.core_, nullptr)), client_(std::move(other.client_)) {}
  Admission& operator=(Admission&&) = delete;
  ~Admission() {
    if (core_ == nullptr) return;
    --core_->connections;
    core_->open_connections.add(-1);
    core_->clients.leave(client_);
  }
  const std::string& client() const { return client_; }

 private:
  ServerCore* core_;
  std::string client_;
};

io::Task<> serve_connection(ServerCore& core, Shard& shard, io::Executor executor, Socket socket,
                            Admission admission) {
  const auto tls = core.tls.load();
  auto transport = tls ? make_tls_transport(executor, socket.release(), tls)
                       : make_plain_transport(executor, socket.release());
  Connection connection(shard, std::move(transport), admission.client(), tls != nullptr);
  co_await connection.serve();
}

io::Task<> sweep_for_ever(Shard& shard) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    timer.expires_after(shard.core().config.sweep_interval);
    co_await timer.async_wait(io::use_awaitable);
    shard.sweep();
  }
}

}  // namespace

struct Server::Impl {
  Impl(io::Runtime& the_runtime, ServerConfig config, RequestHandler handler, Metrics& metrics,
       Clock& clock)
      : runtime(the_runtime),
        core(std::move(config), std::move(handler), metrics, clock),
        acceptor(runtime.executor(0)),
        connections(runtime.executor(0), "http connections"),
        services(runtime.executor(0), "http server") {
    for (std::size_t i = 0; i < runtime.size(); ++i)
      shards.push_back(std::make_unique<Shard>(core));
  }

  Result<> bind() {
    boost::system::error_code error;
    const auto& name = core.config.address == "localhost" ? "127.0.0.1" : core.config.address;
    const auto address = asio::ip::make_address(name, error);
    if (error)
      return fail(ErrorCode::invalid, "'" + core.config.address + "' is no address to listen on");
    const tcp::endpoint endpoint(address, core.config.port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && address.is_v6() && address.is_unspecified())
      acceptor.set_option(asio::ip::v6_only(false), error);
    if (!error) acceptor.bind(endpoint, error);
    if (error) return refused(error);
    port = acceptor.local_endpoint().port();
    return {};
  }

  Result<> listen() {
    boost::system::error_code error;
    acceptor.listen(k_backlog, error);
    if (!error) acceptor.non_blocking(true, error);
    if (error) return refused(error);
    return {};
  }

  std::unexpected<Error> refused(const boost::system::error_code& error) {
    boost::system::error_code ignored;
    acceptor.close(ignored);
    const auto code = error == asio::error::address_in_use  ? ErrorCode::conflict
                      : error == asio::error::access_denied ? ErrorCode::forbidden
                                                            : ErrorCode::invalid;
    return fail(code, "cannot listen on " + core.config.address + " port " +
                          std::to_string(core.config.port) + ": " + error.message());
  }

  io::Task<> accept_for_ever() {
    for (;;) {
      const auto [error] =
          co_await acceptor.async_wait(tcp::acceptor::wait_read, asio::as_tuple(io::use_awaitable));
      if (error) co_return;
      bool exhausted = false;
      for (int i = 0; i < k_accept_batch && accept_one(exhausted); ++i) {
      }
      if (!exhausted) continue;
      log::warn("no more file descriptors: accepting pauses");
      asio::steady_timer pause(acceptor.get_executor(), k_exhausted_pause);
      co_await pause.async_wait(io::use_awaitable);
    }
  }

  /// False when nobody waits, or nobody can be let in.
  bool accept_one(bool& exhausted) {
    sockaddr_storage peer{};
    socklen_t size = sizeof(peer);
    Socket socket(::accept4(acceptor.native_handle(), reinterpret_cast<sockaddr*>(&peer), &size,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.get() < 0) {
      exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      return errno == ECONNABORTED || errno == EINTR;
    }
    core.accepted.add();
    admit(std::move(socket), address_text(peer));
    return true;
  }

  void admit(Socket socket, std::string client) {
    if (core.connections >= core.config.max_connections) {
      core.refused_full.add();
      return refuse(socket);
    }
    // A proxy we trust speaks for many clients.
    const auto limit = core.trusted.contains(client) ? core.config.max_connections
                                                     : core.config.max_connections_per_client;
    if (!core.clients.enter(client, limit)) {
      core.refused_client.add();
      return refuse(socket);
    }
    ++core.connections;
    core.open_connections.add(1);
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    Admission admission(core, std::move(client));
    const auto index = next_shard++ % shards.size();
    const auto executor = runtime.executor(index);
    connections.spawn_on(executor, serve_connection(core, *shards[index], executor,
                                                    std::move(socket), std::move(admission)));
  }

  void refuse(const Socket& socket) const {
    static constexpr std::string_view k_busy =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\n"
        "Connection: close\r\n\r\n";
    if (core.config.tls) return;
    std::ignore = ::send(socket.get(), k_busy.data(), k_busy.size(), MSG_NOSIGNAL);
  }

  Result<> load_tls() {
    if (!core.config.tls) return {};
    TRY(auto context,
        TlsContext::load(core.config.tls->certificate_file, core.config.tls->key_file));
    core.tls.store(std::move(context));
    return {};
  }

  io::Runtime& runtime;
  ServerCore core;
  std::vector<std::unique_ptr<Shard>> shards;
  tcp::acceptor acceptor;
  std::uint16_t port = 0;
  bool started = false;
  std::size_t next_shard = 0;
  io::TaskGroup connections;
  io::TaskGroup services;
};

Server::Server(io::Runtime& runtime, ServerConfig config, RequestHandler handler, Metrics& metrics,
               Clock& clock)
    : impl_(
          std::make_unique<Impl>(runtime, std::move(config), std::move(handler), metrics, clock)) {}

Server::~Server() = default;

Result<> Server::bind() {
  return impl_->bind();
}

Result<> Server::start() {
  TRY(impl_->core.trusted, AddressSet::parse(impl_->core.config.trust_proxy));
  TRY_VOID(impl_->load_tls());
  if (!impl_->acceptor.is_open()) TRY_VOID(impl_->bind());
  TRY_VOID(impl_->listen());
  impl_->started = true;
  for (std::size_t i = 0; i < impl_->shards.size(); ++i)
    impl_->services.spawn_on(impl_->runtime.executor(i), sweep_for_ever(*impl_->shards[i]));
  impl_->services.spawn_on(impl_->runtime.executor(0), impl_->accept_for_ever());
  return {};
}

std::uint16_t Server::port() const {
  return impl_->port;
}

Result<> Server::reload_tls() {
  return impl_->load_tls();
}

io::Task<> Server::stop() {
  Impl& impl = *impl_;
  if (!impl.started || impl.core.draining.exchange(true)) {
    // Never started, or stopped already: there is at most an end to wait for.
    co_await impl.connections.drain();
    co_await impl.services.stop();
    co_return;
  }
  // The acceptor belongs to its executor; closing it ends the task that accepts.
  asio::post(impl.acceptor.get_executor(), [&impl] {
    boost::system::error_code ignored;
    impl.acceptor.close(ignored);
  });
  // Each shard drains before the sweep of the same executor ends, which is waited for below.
  for (std::size_t i = 0; i < impl.shards.size(); ++i)
    asio::post(impl.runtime.executor(i), [&shard = *impl.shards[i]] { shard.drain(); });

  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, impl.core.config.drain_timeout);
  const auto drained = std::make_shared<bool>(false);
  timer.async_wait([&impl, drained](const boost::system::error_code& error) {
    if (!error && !*drained) impl.connections.cancel();
  });
  co_await impl.connections.drain();
  *drained = true;
  timer.cancel();
  co_await impl.services.stop();
}

}  // namespace shoal::net
