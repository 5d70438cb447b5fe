#include "net/http/client.h"

#include <malloc.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/check.h"
#include "io/runtime.h"
#include "net/http/server.h"

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#include <sanitizer/allocator_interface.h>
#endif

namespace shoal::net {
namespace {

/// `size` bytes that name their own place, in pieces.
class Pattern final : public BodySource {
 public:
  explicit Pattern(std::uint64_t size) : size_(size) {}
  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    const std::size_t got = std::min<std::uint64_t>(out.size(), size_ - at_);
    for (std::size_t i = 0; i < got; ++i) out[i] = at(at_ + i);
    at_ += got;
    co_return got;
  }
  std::optional<std::uint64_t> length() const override { return size_; }
  std::uint64_t read_so_far() const { return at_; }
  static std::byte at(std::uint64_t place) { return static_cast<std::byte>(place * 31 / 7); }

 private:
  std::uint64_t size_;
  std::uint64_t at_ = 0;
};

class Broken final : public BodySource {
 public:
  io::Task<Result<std::size_t>> read(std::span<std::byte>) override {
    co_return fail(ErrorCode::corrupt, "the file is not what it was");
  }
  std::optional<std::uint64_t> length() const override { return 10; }
};

/// How many bytes follow the pattern; fewer than all where one does not.
io::Task<Result<std::uint64_t>> count_pattern(BodySource& body) {
  std::vector<std::byte> buffer(100'000);
  std::uint64_t place = 0;
  for (;;) {
    CO_TRY(const std::size_t got, co_await body.read(buffer));
    if (got == 0) co_return place;
    for (std::size_t i = 0; i < got; ++i, ++place)
      if (buffer[i] != Pattern::at(place)) co_return place;
  }
}

io::Task<Response> answer(Request& request) {
  Response response;
  if (request.path == "/pattern") {
    const auto size = std::stoull(std::string(*request.query.find("size")));
    response.body = std::make_unique<Pattern>(size);
  } else if (request.path == "/count") {
    const auto counted = co_await count_pattern(*request.body);
    response = Response::text(200, std::to_string(counted.value_or(0)), "text/plain");
  } else if (request.path == "/refuse") {
    response = Response::text(403, "no", "text/plain");
  } else if (request.path == "/method") {
    auto text = fmt::format("{} {}", to_string(request.method),
                            request.headers.find("Content-Length").value_or("-"));
    response = Response::text(200, std::move(text), "text/plain");
    response.headers.add("X-Connection", request.headers.find("X-Ask").value_or(""));
  }
  co_return response;
}

class ClientTest : public testing::Test {
 public:
  ClientTest() {
    ServerConfig config;
    config.port = 0;
    server.emplace(runtime, config, answer, metrics, clock);
    const auto started = server->start();
    SHOAL_CHECK(started.has_value());
  }
  void TearDown() override { runtime.run_until_done(server->stop()); }

 protected:
  std::string url(std::string_view path) const {
    return fmt::format("http://127.0.0.1:{}{}", server->port(), path);
  }
  template <class T>
  T wait(io::Task<T> task) {
    std::optional<T> result;
    runtime.run_until_done([](io::Task<T> inner, std::optional<T>& out) -> io::Task<> {
      out.emplace(co_await std::move(inner));
    }(std::move(task), result));
    return std::move(*result);
  }
  struct Answer {
    int status = 0;
    Headers headers;
    std::string text;
  };
  Result<Answer> ask(ClientRequest request) {
    return wait([](const HttpClient& client, ClientRequest asked) -> io::Task<Result<Answer>> {
      CO_TRY(ClientResponse got, co_await client.send(std::move(asked)));
      CO_TRY(std::string text, co_await read_text(*got.body, 1 << 20));
      co_return Answer{got.status, std::move(got.headers), std::move(text)};
    }(client, std::move(request)));
  }

  io::Runtime runtime{1};
  Metrics metrics;
  SystemClock clock;
  std::optional<Server> server;
  HttpClient client{ClientConfig{Milliseconds{2'000}, Milliseconds{1'000}}};
};

TEST_F(ClientTest, sends_method_fields_and_length_and_takes_the_answer) {
  ClientRequest request{.method = "DELETE", .url = url("/method")};
  request.headers.add("X-Ask", "why");
  auto got = ask(std::move(request));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->status, 200);
  EXPECT_EQ(got->text, "DELETE -");
  EXPECT_EQ(got->headers.find("x-connection"), "why");
  EXPECT_EQ(ask({.method = "POST", .url = url("/method")})->text, "POST 0");
  EXPECT_EQ(ask({.method = "PUT", .url = url("/method"), .body = text_body("abc")})->text, "PUT 3");
  EXPECT_EQ(ask({.method = "HEAD", .url = url("/pattern?size=77")})->headers.find("Content-Length"),
            "77");
}

TEST_F(ClientTest, an_error_status_is_an_answer) {
  const auto got = ask({.url = url("/refuse")});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->status, 403);
  EXPECT_EQ(got->text, "no");
}

TEST_F(ClientTest, large_bodies_pass_whole_in_both_directions) {
  static constexpr std::uint64_t k_size = 20'000'001;
  auto counted =
      ask({.method = "PUT", .url = url("/count"), .body = std::make_shared<Pattern>(k_size)});
  ASSERT_TRUE(counted) << counted.error().message;
  EXPECT_EQ(counted->text, std::to_string(k_size));
  const auto came =
      wait([](const HttpClient& client, std::string from) -> io::Task<Result<std::uint64_t>> {
        CO_TRY(ClientResponse got, co_await client.send({.url = std::move(from)}));
        EXPECT_EQ(got.body->length(), k_size);
        co_return co_await count_pattern(*got.body);
      }(client, url(fmt::format("/pattern?size={}", k_size))));
  EXPECT_EQ(came, k_size);
}

TEST_F(ClientTest, an_answer_goes_first_into_memory_that_was_lent_and_the_rest_is_read) {
  constexpr std::size_t k_lent = 300'000;
  for (const std::uint64_t size :
       {std::uint64_t{10}, std::uint64_t{k_lent}, 5 * std::uint64_t{k_lent}}) {
    const auto came = wait([](const HttpClient& client,
                              std::string from) -> io::Task<Result<std::uint64_t>> {
      std::vector<std::byte> lent(k_lent);
      CO_TRY(ClientResponse got, co_await client.send({.url = std::move(from), .into = lent}));
      // As its owner reads: into the memory itself, from where the last read ended.
      std::size_t filled = 0;
      while (filled < lent.size()) {
        CO_TRY(const std::size_t more, co_await got.body->read(std::span(lent).subspan(filled)));
        if (more == 0) break;
        filled += more;
      }
      for (std::size_t i = 0; i < filled; ++i)
        if (lent[i] != Pattern::at(i)) co_return i;
      std::vector<std::byte> rest(100'000);
      for (std::uint64_t place = filled;;) {
        CO_TRY(const std::size_t more, co_await got.body->read(rest));
        if (more == 0) co_return place;
        for (std::size_t i = 0; i < more; ++i, ++place)
          if (rest[i] != Pattern::at(place)) co_return place;
      }
    }(client, url(fmt::format("/pattern?size={}", size))));
    EXPECT_EQ(came, size);
  }
}

TEST_F(ClientTest, who_lent_memory_may_read_elsewhere) {
  std::vector<std::byte> lent(1000);
  const auto got = ask({.url = url("/refuse"), .into = lent});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->text, "no");
  const auto counted = wait([](const HttpClient& client, std::string from,
                               std::span<std::byte> into) -> io::Task<Result<std::uint64_t>> {
    CO_TRY(ClientResponse answer, co_await client.send({.url = std::move(from), .into = into}));
    co_return co_await count_pattern(*answer.body);
  }(client, url("/pattern?size=2000000"), lent));
  EXPECT_EQ(counted, 2'000'000U);
}

TEST_F(ClientTest, a_refusal_ends_the_sending_of_a_large_body) {
  const auto body = std::make_shared<Pattern>(std::uint64_t{1} << 32);
  const auto got = ask({.method = "PUT", .url = url("/refuse"), .body = body});
  if (got) EXPECT_EQ(got->status, 403);
  EXPECT_LT(body->read_so_far(), std::uint64_t{1} << 30);
}

TEST_F(ClientTest, the_body_of_a_request_may_fail) {
  const auto got = ask({.method = "PUT", .url = url("/count"), .body = std::make_shared<Broken>()});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::corrupt);
}

TEST_F(ClientTest, says_what_is_wrong_with_an_address) {
  EXPECT_EQ(ask({.url = "http://"}).error().code, ErrorCode::invalid);
  EXPECT_EQ(ask({.url = "file:///etc/passwd"}).error().code, ErrorCode::invalid);
  const auto refused = ask({.url = "http://127.0.0.1:1/"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
}

TEST_F(ClientTest, a_connection_is_used_again) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(ask({.url = url("/method")}));
  EXPECT_EQ(metrics.sum("shoal_http_accepted_total"), 1);
}

TEST_F(ClientTest, a_body_that_nobody_reads_to_its_end_is_dropped) {
  const auto dropped =
      wait([](const HttpClient& client, std::string from) -> io::Task<Result<std::size_t>> {
        CO_TRY(ClientResponse got, co_await client.send({.url = std::move(from)}));
        std::vector<std::byte> some(1000);
        co_return co_await got.body->read(some);
      }(client, url("/pattern?size=50000000")));
  EXPECT_GT(dropped.value_or(0), 0U);
  EXPECT_EQ(ask({.url = url("/method")})->status, 200);
}

/// Of this process, not yet freed.
std::uint64_t allocated_bytes() {
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return __sanitizer_get_current_allocated_bytes();
#else
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

TEST_F(ClientTest, a_reader_that_is_slower_than_the_peer_costs_no_more_memory_for_it) {
  const auto grown = wait([](const HttpClient& client,
                             std::string from) -> io::Task<Result<std::uint64_t>> {
    CO_TRY(ClientResponse got, co_await client.send({.url = std::move(from)}));
    std::vector<std::byte> some(16 * 1024);
    const std::uint64_t before = allocated_bytes();
    std::uint64_t most = before;
    for (;;) {
      CO_TRY(const std::size_t taken, co_await got.body->read(some));
      if (taken == 0) co_return most - before;
      most = std::max(most, allocated_bytes());
      // What has come meanwhile is taken from the socket before the next read.
      for (int turn = 0; turn < 3; ++turn) {
        co_await boost::asio::post(co_await boost::asio::this_coro::executor, io::use_awaitable);
      }
    }
  }(client, url("/pattern?size=60000000")));
  ASSERT_TRUE(grown) << grown.error().message;
  EXPECT_LT(*grown, std::uint64_t{8} << 20);
}

TEST_F(ClientTest, a_peer_that_says_nothing_is_given_up) {
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor silent(
      context, {boost::asio::ip::make_address("127.0.0.1"), std::uint16_t{0}});
  const auto got =
      ask({.url = fmt::format("http://127.0.0.1:{}/", silent.local_endpoint().port())});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::timeout);
  const auto late = ask({.url = fmt::format("http://127.0.0.1:{}/", silent.local_endpoint().port()),
                         .deadline = Milliseconds{50}});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::timeout);
}

}  // namespace
}  // namespace shoal::net
