#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <future>

#include "io/runtime.h"
#include "io/task_group.h"
#include "net/http/server.h"
#include "net/http/shard.h"
#include "tests/support/manual_clock.h"
#include "tests/support/socket_client.h"

namespace shoal::net {
namespace {

namespace asio = boost::asio;
using tests::SocketClient;

/// A gate that handlers wait at, opened by the test.
class Gate {
 public:
  explicit Gate(const io::Executor& executor)
      : timer_(executor, asio::steady_timer::time_point::max()) {}
  io::Task<> pass() {
    ++waiting_;
    reached_.set_value();
    boost::system::error_code error;
    co_await timer_.async_wait(asio::redirect_error(io::use_awaitable, error));
    // Opening cancels the wait; only a cancelled task must not go on.
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
      throw boost::system::system_error(error);
  }
  void wait_until_reached() { reached_.get_future().wait(); }
  void open() {
    asio::post(timer_.get_executor(), [this] { timer_.cancel(); });
  }

 private:
  asio::steady_timer timer_;
  std::promise<void> reached_;
  int waiting_ = 0;
};

class Zeros final : public BodySource {
 public:
  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override { co_return out.size(); }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }
};

io::Task<Response> answer(Request& request, Gate& gate) {
  if (request.path == "/gate") co_await gate.pass();
  if (request.path == "/body") {
    const auto body = co_await read_body(request, 1 << 20);
    co_return Response::text(body ? 200 : 408, body ? *body : body.error().message, "text/plain");
  }
  Response response = Response::text(200, "done", "text/plain");
  if (request.path == "/endless") response.body = std::make_unique<Zeros>();
  co_return response;
}

class ServerLimitsTest : public testing::Test {
 protected:
  void start(ServerConfig config = {}) {
    config.port = 0;
    config.sweep_interval = Milliseconds(5);
    server_.emplace(
        runtime_, config, [this](Request& request) { return answer(request, gate_); }, metrics_,
        clock_);
    ASSERT_TRUE(server_->start());
  }
  void TearDown() override {
    gate_.open();
    if (server_) runtime_.run_until_done(server_->stop());
  }
  SocketClient connect() const { return SocketClient(server_->port()); }
  bool counted(std::string_view series) const {
    return metrics_.render().find(series) != std::string::npos;
  }

  Metrics metrics_;
  tests::ManualClock clock_;
  io::Runtime runtime_{1};
  Gate gate_{runtime_.executor(0)};
  std::optional<Server> server_;
};

constexpr std::string_view k_get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// Moves the clock in small steps until the server has closed the connection, at most for `limit`.
Milliseconds time_until_closed(SocketClient& client, tests::ManualClock& clock, Seconds limit,
                               std::string_view trickle = {}) {
  const timeval patience{.tv_sec = 0, .tv_usec = 30'000};
  ::setsockopt(client.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  Milliseconds passed{0};
  while (passed < limit) {
    char byte = 0;
    const auto got = ::recv(client.descriptor(), &byte, 1, 0);
    if (got == 0 || (got < 0 && errno == ECONNRESET)) return passed;
    if (got > 0) continue;
    if (!trickle.empty() && !client.send(trickle)) return passed;
    clock.advance(Seconds(1));
    passed += Seconds(1);
  }
  return passed;
}

TEST_F(ServerLimitsTest, a_client_that_says_nothing_is_closed_after_the_header_timeout) {
  start({.header_timeout = Seconds(7)});
  auto client = connect();
  const auto passed = time_until_closed(client, clock_, Seconds(60));
  EXPECT_GE(passed, Seconds(7));
  EXPECT_LE(passed, Seconds(9));
  EXPECT_TRUE(counted("shoal_http_timeouts_total 1"));
}

TEST_F(ServerLimitsTest, a_slow_header_does_not_buy_time) {
  start({.header_timeout = Seconds(7)});
  auto client = connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
  const auto passed = time_until_closed(client, clock_, Seconds(60), "x");
  EXPECT_GE(passed, Seconds(6));
  EXPECT_LE(passed, Seconds(9));
}

TEST_F(ServerLimitsTest, an_idle_connection_is_closed_after_the_idle_timeout) {
  start({.header_timeout = Seconds(5), .idle_timeout = Seconds(20)});
  auto client = connect();
  EXPECT_EQ(client.ask(k_get).status, 200);
  const auto passed = time_until_closed(client, clock_, Seconds(60));
  EXPECT_GE(passed, Seconds(19));
  EXPECT_LE(passed, Seconds(22));
}

TEST_F(ServerLimitsTest, a_body_that_trickles_is_given_up) {
  start({.stall_timeout = Seconds(6)});
  auto client = connect();
  client.send("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  // A byte a second is less than 1 KiB in six seconds.
  const auto passed = time_until_closed(client, clock_, Seconds(60), "x");
  EXPECT_GE(passed, Seconds(5));
  EXPECT_LE(passed, Seconds(14));  // the answer, then the linger
}

TEST_F(ServerLimitsTest, a_client_that_does_not_read_is_given_up) {
  start({.stall_timeout = Seconds(6)});
  auto client = connect();
  client.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
  char first = 0;
  ASSERT_EQ(::recv(client.descriptor(), &first, 1, 0), 1);
  const auto closed = [&] { return counted("shoal_http_connections 0"); };
  for (int i = 0; i < 300 && !closed(); ++i) {
    clock_.advance(Seconds(1));
    std::promise<void> turn;
    asio::steady_timer timer(runtime_.executor(0), Milliseconds(20));
    timer.async_wait([&turn](const boost::system::error_code&) { turn.set_value(); });
    turn.get_future().wait();
  }
  EXPECT_TRUE(closed());
  EXPECT_TRUE(counted("shoal_http_timeouts_total 1"));
}

TEST_F(ServerLimitsTest, a_handler_may_take_its_time) {
  start({.header_timeout = Seconds(1), .idle_timeout = Seconds(1), .stall_timeout = Seconds(1)});
  auto client = connect();
  client.send("GET /gate HTTP/1.1\r\nHost: a\r\n\r\n");
  gate_.wait_until_reached();
  clock_.advance(std::chrono::hours(1));
  gate_.open();
  EXPECT_EQ(client.receive().body, "done");
}

io::Task<> stop_and_tell(Server& server, std::promise<void>& stopped) {
  co_await server.stop();
  stopped.set_value();
}

TEST_F(ServerLimitsTest, stop_lets_a_running_request_finish) {
  start();
  auto client = connect();
  client.send("GET /gate HTTP/1.1\r\nHost: a\r\n\r\n");
  gate_.wait_until_reached();
  io::TaskGroup group(runtime_.executor(0), "test");
  std::promise<void> stopped;
  group.spawn(stop_and_tell(*server_, stopped));
  // New connections are refused while the old request still runs.
  for (bool refused = false; !refused;) {
    try {
      connect();
    } catch (const std::runtime_error&) {
      refused = true;
    }
  }
  auto future = stopped.get_future();
  EXPECT_EQ(future.wait_for(Seconds(0)), std::future_status::timeout);
  gate_.open();
  const auto got = client.receive();
  EXPECT_EQ(got.body, "done");
  EXPECT_EQ(got.field("Connection"), "close");
  EXPECT_TRUE(client.closes());
  future.wait();
  runtime_.run_until_done(group.stop());
}

TEST_F(ServerLimitsTest, stop_cuts_off_what_outlasts_the_drain_timeout) {
  start({.drain_timeout = Seconds(1)});
  auto client = connect();
  client.send("GET /gate HTTP/1.1\r\nHost: a\r\n\r\n");
  gate_.wait_until_reached();
  runtime_.run_until_done(server_->stop());
  EXPECT_TRUE(client.closes());
}

TEST_F(ServerLimitsTest, requests_are_counted_by_route_and_status) {
  start();
  auto client = connect();
  // A request is counted after its answer was sent, and before the next one is read.
  EXPECT_EQ(client.ask(k_get).status, 200);
  EXPECT_EQ(client.ask(k_get).status, 200);
  EXPECT_TRUE(
      counted("shoal_http_requests_total{method=\"GET\",route=\"unmatched\",status=\"200\"} "));
  EXPECT_TRUE(counted("shoal_http_connections 1"));
}

TEST(ClientCounts, an_ipv6_network_is_one_client) {
  ClientCounts counts;
  EXPECT_TRUE(counts.enter("2001:db8:1:2::1", 2));
  EXPECT_TRUE(counts.enter("2001:db8:1:2::2", 2));
  EXPECT_FALSE(counts.enter("2001:db8:1:2:3:4:5:6", 2));
  EXPECT_TRUE(counts.enter("2001:db8:1:3::1", 2));
  counts.leave("2001:db8:1:2::1");
  EXPECT_TRUE(counts.enter("2001:db8:1:2::7", 2));
  EXPECT_TRUE(counts.enter("192.0.2.1", 1));
  EXPECT_TRUE(counts.enter("192.0.2.2", 1));
}

}  // namespace
}  // namespace shoal::net
