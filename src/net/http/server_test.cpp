#include "net/http/server.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <fstream>
#include <stdexcept>

#include "io/runtime.h"
#include "net/http/router.h"
#include "tests/support/socket_client.h"
#include "tests/support/temporary_directory.h"

namespace shoal::net {
namespace {

using tests::SocketClient;

class Words final : public BodySource {
 public:
  explicit Words(std::vector<std::string> words) : words_(std::move(words)) {}
  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    if (next_ == words_.size()) co_return 0;
    const auto& word = words_[next_++];
    if (word == "!") co_return fail(ErrorCode::unavailable, "the source broke");
    std::ranges::copy(std::as_bytes(std::span(word)), out.begin());
    co_return word.size();
  }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }

 private:
  std::vector<std::string> words_;
  std::size_t next_ = 0;
};

io::Task<Response> answer(Request& request, io::Path folder) {
  if (request.path == "/echo") {
    auto body = co_await read_body(request, 1 << 20);
    if (!body) co_return Response::text(413, body.error().message, "text/plain");
    co_return Response::text(200, *body, "text/plain");
  }
  if (request.path == "/throw") throw std::runtime_error("secret detail");
  if (request.path == "/client")
    co_return Response::text(200, request.client_address, "text/plain");
  if (request.path == "/scheme")
    co_return Response::text(200, request.secure ? "https" : "http", "text/plain");
  Response response;
  if (request.path == "/words") {
    response.body = std::make_unique<Words>(std::vector<std::string>{"one ", "two ", "three"});
  } else if (request.path == "/broken") {
    response.body = std::make_unique<Words>(std::vector<std::string>{"one ", "!"});
  } else if (request.path == "/empty") {
    response.status = 204;
  } else if (request.path == "/inject") {
    response.headers.add("X-Evil", "a\r\nX-Injected: b");
  } else if (request.path == "/file") {
    io::PosixFileSystem files;
    auto file = files.open(folder / "file", io::OpenMode::read);
    response.body = FileBody{std::move(*file), 3, 300'000};
  } else if (request.path == "/short") {
    io::PosixFileSystem files;
    auto file = files.open(folder / "file", io::OpenMode::read);
    response.body = FileBody{std::move(*file), 400'000, 300'000};
  } else {
    response = Response::text(200, "hello", "text/plain");
  }
  co_return response;
}

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    content_.resize(500'000);
    for (std::size_t i = 0; i < content_.size(); ++i)
      content_[i] = static_cast<char>('a' + i * 7 % 26);
    std::ofstream(folder_.path() / "file") << content_;
  }

  void start(ServerConfig config = {}) {
    config.port = 0;
    server_.emplace(
        runtime_, config,
        [folder = folder_.path()](Request& request) { return answer(request, folder); }, metrics_,
        clock_);
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().message;
  }

  void TearDown() override {
    if (server_) runtime_.run_until_done(server_->stop());
  }

  SocketClient connect() const { return SocketClient(server_->port()); }

  tests::TemporaryDirectory folder_;
  std::string content_;
  Metrics metrics_;
  SystemClock clock_;
  io::Runtime runtime_{2};
  std::optional<Server> server_;
};

constexpr std::string_view k_get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

std::string get(std::string_view path) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", path);
}

TEST_F(ServerTest, answers_and_keeps_the_connection) {
  start();
  auto client = connect();
  for (int i = 0; i < 3; ++i) {
    const auto got = client.ask(k_get);
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, "hello");
    EXPECT_FALSE(got.field("Date").empty());
    EXPECT_FALSE(got.field("X-Request-Id").empty());
  }
}

TEST_F(ServerTest, pipelined_requests_are_answered_in_order) {
  start();
  auto client = connect();
  client.send(get("/") + get("/words") + "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + get("/file"));
  EXPECT_EQ(client.receive().body, "hello");
  EXPECT_EQ(client.receive().body, "one two three");
  EXPECT_EQ(client.receive(true).field("Content-Length"), "5");
  EXPECT_EQ(client.receive().body, content_.substr(3, 300'000));
}

TEST_F(ServerTest, a_request_may_arrive_byte_by_byte) {
  start();
  auto client = connect();
  for (const char c : get("/words")) client.send(std::string_view(&c, 1));
  EXPECT_EQ(client.receive().body, "one two three");
}

TEST_F(ServerTest, reads_bodies_of_known_length_and_in_chunks) {
  start();
  auto client = connect();
  const std::string large(200'000, 'x');
  auto got = client.ask(fmt::format(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{}", large.size(), large));
  EXPECT_EQ(got.body, large);
  got = client.ask(
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;ext=1\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nTrailer: x\r\n\r\n");
  EXPECT_EQ(got.body, "abc0123456789abcdef");
  EXPECT_EQ(client.ask(k_get).body, "hello");
}

TEST_F(ServerTest, says_continue_only_to_a_client_that_waits_for_it) {
  start();
  auto client = connect();
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.receive().status, 100);
  client.send("ab");
  EXPECT_EQ(client.receive().body, "ab");
  // A handler that does not want the body answers at once, and the connection ends.
  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  const auto got = client.receive();
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.field("Connection"), "close");
  client.end_sending();
  EXPECT_TRUE(client.closes());
}

TEST_F(ServerTest, an_unread_body_does_not_become_the_next_request) {
  start();
  auto client = connect();
  const auto hidden = get("/words");
  client.send(fmt::format("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{}",
                          hidden.size(), hidden));
  client.send(get("/empty"));
  EXPECT_EQ(client.receive().body, "hello");
  EXPECT_EQ(client.receive().status, 204);
}

TEST_F(ServerTest, a_body_over_the_limit_is_refused_and_the_answer_arrives) {
  start();
  auto client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n");
  client.send(std::string(1'000'000, 'x'));
  const auto got = client.receive();
  EXPECT_EQ(got.status, 413);
  EXPECT_EQ(got.field("Connection"), "close");
}

TEST_F(ServerTest, a_source_that_breaks_cuts_the_connection) {
  start();
  auto client = connect();
  client.send(get("/broken"));
  EXPECT_THROW(client.receive(), std::runtime_error);
  auto second = connect();
  second.send(get("/short"));
  EXPECT_THROW(second.receive(), std::runtime_error);
}

TEST_F(ServerTest, http_1_0_gets_what_it_understands) {
  start();
  auto client = connect();
  client.send("GET /words HTTP/1.0\r\n\r\n");
  const auto got = client.receive();
  EXPECT_EQ(got.body, "one two three");
  EXPECT_TRUE(got.field("Transfer-Encoding").empty());
  auto second = connect();
  EXPECT_EQ(second.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").field("Connection"),
            "keep-alive");
  EXPECT_EQ(second.ask("GET / HTTP/1.0\r\n\r\n").field("Connection"), "close");
  EXPECT_TRUE(second.closes());
}

TEST_F(ServerTest, an_exception_is_a_500_without_its_text) {
  start();
  auto client = connect();
  const auto got = client.ask(get("/throw"));
  EXPECT_EQ(got.status, 500);
  EXPECT_EQ(got.body.find("secret"), std::string::npos);
  EXPECT_EQ(client.ask(k_get).status, 200);
}

TEST_F(ServerTest, a_header_value_cannot_begin_another_field) {
  start();
  auto client = connect();
  const auto got = client.ask(get("/inject"));
  EXPECT_TRUE(got.field("X-Injected").empty());
}

TEST_F(ServerTest, a_malformed_request_is_answered_and_the_connection_closed) {
  start();
  for (const std::string_view bad : {"nonsense\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
                                     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                                     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                                     "GET /../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n"}) {
    auto client = connect();
    client.send(bad);
    client.send(k_get);
    const auto got = client.receive();
    EXPECT_EQ(got.status, 400) << bad;
    EXPECT_EQ(got.field("Content-Type"), "application/problem+json");
    client.end_sending();
    EXPECT_TRUE(client.closes()) << bad;
  }
}

TEST_F(ServerTest, a_second_server_on_the_port_is_told_so) {
  start();
  ServerConfig config;
  config.port = server_->port();
  Server second(runtime_, config, nullptr, metrics_, clock_);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::conflict);
}

TEST_F(ServerTest, the_port_is_known_once_bound_and_nobody_is_let_in_before_the_start) {
  ServerConfig config;
  config.port = 0;
  server_.emplace(
      runtime_, config,
      [folder = folder_.path()](Request& request) { return answer(request, folder); }, metrics_,
      clock_);
  ASSERT_TRUE(server_->bind());
  const auto port = server_->port();
  EXPECT_NE(port, 0);
  EXPECT_THROW(SocketClient{port}, std::runtime_error);
  ASSERT_TRUE(server_->start());
  EXPECT_EQ(server_->port(), port);
  EXPECT_EQ(connect().ask(k_get).status, 200);
}

TEST_F(ServerTest, too_many_connections_are_told_to_come_back) {
  ServerConfig config;
  config.max_connections_per_client = 2;
  start(config);
  auto first = connect();
  auto second = connect();
  EXPECT_EQ(first.ask(k_get).status, 200);
  EXPECT_EQ(second.ask(k_get).status, 200);
  auto third = connect();
  EXPECT_EQ(third.receive().status, 503);
  EXPECT_NE(metrics_.render().find("shoal_http_refused_total{limit=\"client\"} 1"),
            std::string::npos);
}

TEST_F(ServerTest, a_forwarded_address_counts_only_from_a_trusted_proxy) {
  constexpr std::string_view request =
      "GET /client HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 9.9.9.9, 203.0.113.7\r\n"
      "X-Forwarded-Proto: https\r\n\r\n";
  start();
  EXPECT_EQ(connect().ask(request).body, "127.0.0.1");
  runtime_.run_until_done(server_->stop());
  ServerConfig config;
  config.trust_proxy = {"loopback"};
  start(config);
  EXPECT_EQ(connect().ask(request).body, "203.0.113.7");
  EXPECT_EQ(
      connect().ask("GET /scheme HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\n\r\n").body,
      "https");
}

TEST_F(ServerTest, stop_closes_idle_connections_at_once) {
  start();
  auto idle = connect();
  EXPECT_EQ(idle.ask(k_get).status, 200);
  auto fresh = connect();
  runtime_.run_until_done(server_->stop());
  EXPECT_TRUE(idle.closes());
  EXPECT_TRUE(fresh.closes());
  EXPECT_THROW(connect(), std::runtime_error);
}

}  // namespace
}  // namespace shoal::net
