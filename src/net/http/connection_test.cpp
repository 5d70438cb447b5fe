#include "net/http/connection.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstring>

#include "tests/support/manual_clock.h"
#include "tests/support/volatile_file_system.h"

namespace shoal::net {
namespace {

namespace asio = boost::asio;

/// How a scripted peer behaves: the nth call fails, calls block first, bytes move one by one.
struct Script {
  std::string input;
  std::size_t fail_at = 0;   ///< 1 is the first call; 0 never
  bool end_instead = false;  ///< a failing read is the end of the stream
  bool blocks = false;       ///< every other call would block
  std::size_t piece = SIZE_MAX;
  bool sends_files = true;
};

struct Observed {
  std::size_t calls = 0;
  std::string output;
  bool ended = false;
};

class ScriptedTransport final : public Transport {
 public:
  ScriptedTransport(const Script& script, Observed& observed)
      : script_(script), observed_(observed) {}

  IoResult handshake() override { return call() ? IoResult{} : k_broken; }

  IoResult read(std::span<std::byte> out) override {
    if (block()) return {IoState::want_read, 0};
    if (!call()) return script_.end_instead ? IoResult{} : k_broken;
    const auto count = std::min({out.size(), script_.piece, script_.input.size() - read_});
    std::memcpy(out.data(), script_.input.data() + read_, count);
    read_ += count;
    return {IoState::done, count};
  }

  IoResult write(std::span<const iovec> bytes, bool) override {
    if (block()) return {IoState::want_write, 0};
    if (!call()) return k_broken;
    auto left = script_.piece;
    std::size_t moved = 0;
    for (const auto& part : bytes) {
      const auto count = std::min(part.iov_len, left);
      observed_.output.append(static_cast<const char*>(part.iov_base), count);
      moved += count;
      left -= count;
    }
    return {IoState::done, moved};
  }

  bool sends_files() const override { return script_.sends_files; }
  IoResult send_file(int, std::uint64_t offset, std::size_t length) override {
    if (block()) return {IoState::want_write, 0};
    if (!call()) return k_broken;
    const auto count = std::min(length, script_.piece);
    observed_.output.append(k_file.substr(offset, count));
    return {IoState::done, count};
  }

  io::Task<std::tuple<boost::system::error_code>> wait(Direction) override {
    co_await asio::post(co_await asio::this_coro::executor, io::use_awaitable);
    boost::system::error_code error;
    if (!call()) error = asio::error::operation_aborted;
    co_return std::tuple(error);
  }
  void cancel() override {}
  void shutdown_write() override {}

  static constexpr std::string_view k_file = "The content of the file.";

 private:
  static constexpr IoResult k_broken{IoState::broken, 0};

  bool call() { return ++observed_.calls != script_.fail_at; }
  bool block() {
    if (!script_.blocks) return false;
    blocked_ = !blocked_;
    return blocked_;
  }

  const Script& script_;
  Observed& observed_;
  std::size_t read_ = 0;
  bool blocked_ = false;
};

/// A file whose bytes are k_file, with a descriptor that only ScriptedTransport understands.
class FixedFile final : public io::File {
 public:
  Result<> write_at(std::uint64_t, std::span<const std::byte>) override {
    return fail(ErrorCode::unsupported, "read only");
  }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    const auto rest = ScriptedTransport::k_file.substr(offset);
    const auto count = std::min(out.size(), rest.size());
    std::memcpy(out.data(), rest.data(), count);
    return count;
  }
  Result<std::uint64_t> size() override { return ScriptedTransport::k_file.size(); }
  Result<> truncate(std::uint64_t) override { return fail(ErrorCode::unsupported, "read only"); }
  Result<> sync() override { return {}; }
  int descriptor() const override { return 0; }
};

class TwoPieces final : public BodySource {
 public:
  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    if (next_ == 2) co_return 0;
    std::memcpy(out.data(), next_++ == 0 ? "one" : "two", 3);
    co_return 3;
  }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }

 private:
  int next_ = 0;
};

io::Task<Response> answer(Request& request) {
  Response response;
  if (request.path == "/echo") {
    auto body = co_await read_body(request, 100);
    response.body = body ? *body : body.error().message;
  } else if (request.path == "/file") {
    response.body = FileBody{std::make_shared<FixedFile>(), 4, 11};
  } else if (request.path == "/source") {
    response.body = std::make_unique<TwoPieces>();
  } else {
    response.body = std::string("plain");
  }
  co_return response;
}

constexpr std::string_view k_requests =
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nsized"
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3\r\nchu\r\n4\r\nnked\r\n0\r\n\r\n"
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nunread"
    "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok"
    "GET /file HTTP/1.1\r\nHost: a\r\n\r\n"
    "HEAD /file HTTP/1.1\r\nHost: a\r\n\r\n"
    "GET /source HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() : core_(ServerConfig(), answer, metrics_, clock_), shard_(core_) {}

  Observed run(const Script& script) {
    Observed observed;
    asio::io_context context(1);
    asio::co_spawn(context, serve(shard_, script, observed),
                   [&observed](const std::exception_ptr& error) {
                     EXPECT_FALSE(error);
                     observed.ended = true;
                   });
    context.run();
    EXPECT_TRUE(observed.ended);
    return observed;
  }

  static io::Task<> serve(Shard& shard, const Script& script, Observed& observed) {
    Connection connection(shard, std::make_unique<ScriptedTransport>(script, observed), "127.0.0.1",
                          false);
    co_await connection.serve();
  }

  /// Without the ids, which differ from run to run.
  static std::string comparable(std::string text) {
    for (auto at = text.find("X-Request-Id: "); at != std::string::npos;
         at = text.find("X-Request-Id: ", at + 1))
      text.erase(at + 14, text.find('\r', at) - at - 14);
    return text;
  }

  Metrics metrics_;
  tests::ManualClock clock_;
  ServerCore core_;
  Shard shard_;
};

TEST_F(ConnectionTest, answers_are_the_same_however_the_bytes_move) {
  Script script{.input = std::string(k_requests)};
  const auto expected = comparable(run(script).output);
  for (const auto* part : {"plain", "sized", "chunked", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200",
                           "content of", "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n", "Content-Length: 11"})
    EXPECT_NE(expected.find(part), std::string::npos) << part << "\n" << expected;
  for (const bool blocks : {false, true}) {
    for (const bool sends_files : {false, true}) {
      for (const std::size_t piece : {SIZE_MAX, std::size_t{1}, std::size_t{7}}) {
        script.blocks = blocks;
        script.sends_files = sends_files;
        script.piece = piece;
        EXPECT_EQ(comparable(run(script).output), expected) << blocks << sends_files << piece;
      }
    }
  }
}

// Every call of a busy connection fails once, in each way: the connection ends, nothing hangs, and
// what was sent is the beginning of the right answers.
TEST_F(ConnectionTest, any_call_may_fail) {
  Script script{.input = std::string(k_requests)};
  const auto expected = comparable(run(script).output);
  std::size_t runs = 0;
  for (const bool blocks : {false, true}) {
    for (const bool sends_files : {false, true}) {
      script.blocks = blocks;
      script.sends_files = sends_files;
      script.piece = 50;
      script.fail_at = 0;
      const auto calls = run(script).calls;
      ASSERT_GT(calls, 20U);
      for (const bool end_instead : {false, true}) {
        script.end_instead = end_instead;
        for (script.fail_at = 1; script.fail_at <= calls; ++script.fail_at) {
          const auto got = run(script);
          ++runs;
          // A body that was cut short is answered with an error, which nobody reads.
          const auto text = comparable(got.output);
          const auto same =
              std::mismatch(text.begin(), text.end(), expected.begin(), expected.end());
          const auto rest = std::string(same.first, text.end());
          EXPECT_TRUE(rest.size() < 250) << script.fail_at << ": " << rest;
        }
      }
    }
  }
  EXPECT_GT(runs, 300U);
}

TEST_F(ConnectionTest, an_idle_connection_lends_its_buffers_back) {
  // The first of many connections creates an exchange, the others reuse it: the sweep above would
  // otherwise have allocated hundreds.
  const auto first = shard_.borrow_exchange();
  const auto* address = first.get();
  shard_.give_back(std::make_unique<Exchange>(ParserLimits{}, 16 * 1024));
  EXPECT_NE(shard_.borrow_exchange().get(), address);
  run({.input = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"});
  EXPECT_NE(shard_.borrow_exchange(), nullptr);
}

}  // namespace
}  // namespace shoal::net
