#include "worker/server_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/check.h"
#include "base/metrics.h"
#include "io/runtime.h"
#include "net/http/server.h"
#include "tests/support/temporary_directory.h"

namespace shoal::worker {
namespace {

using testing::HasSubstr;

/// A server that answers what a test says, and keeps what it was asked.
class ServerLinkTest : public testing::Test {
 public:
  ServerLinkTest() {
    net::ServerConfig config;
    config.port = 0;
    server.emplace(
        runtime, config, [this](net::Request& request) { return answer(request); }, metrics, clock);
    SHOAL_CHECK(server->start().has_value());
    link.emplace(fmt::format("http://127.0.0.1:{}", server->port()), files, disk);
  }
  void TearDown() override { runtime.run_until_done(server->stop()); }

 protected:
  io::Task<net::Response> answer(net::Request& request) {
    asked_path = request.path;
    asked_range = std::string(request.headers.find("Range").value_or(""));
    asked_body = (co_await net::read_body(request, 1 << 20)).value_or("?");
    if (request.path == "/bucket") {
      put_body = asked_body;
      co_return net::Response::text(bucket_status, "<Error/>", "application/xml");
    }
    if (request.path.ends_with("/result-urls")) {
      const std::string url = fmt::format("http://127.0.0.1:{}/bucket", server->port());
      co_return net::Response::text(
          200, fmt::format(R"({{"urls":[{{"resolution":240,"url":"{}"}}]}})", url),
          "application/json");
    }
    if (request.path == "/elsewhere") co_return net::Response::text(206, "rest", "video/mp4");
    net::Response response = net::Response::text(status, text, "application/json");
    for (const auto& [name, value] : fields) response.headers.set(name, value);
    if (status == 303)
      response.headers.set("Location",
                           fmt::format("http://127.0.0.1:{}/elsewhere", server->port()));
    co_return response;
  }
  Piece piece(std::uint32_t resolution) {
    const io::Path path = folder.path() / "piece.mp4";
    const std::string bytes = "bytes";
    EXPECT_TRUE(io::write_durably(files, path, std::as_bytes(std::span(bytes))));
    return {resolution, path, 5};
  }
  template <class T>
  T wait(io::Task<T> task) {
    std::optional<T> result;
    runtime.run_until_done([](io::Task<T> inner, std::optional<T>& out) -> io::Task<> {
      out.emplace(co_await std::move(inner));
    }(std::move(task), result));
    return std::move(*result);
  }
  /// What update() makes of an answer.
  ErrorCode code_of(int answered, std::string body) {
    status = answered;
    text = std::move(body);
    const auto told = wait(link->update(proof, 7));
    return told ? ErrorCode::internal : told.error().code;
  }
  Result<std::string> read_source(std::uint64_t from) {
    return wait([](const ServerLink& of, ServerLink::Proof shown,
                   std::uint64_t begin) -> io::Task<Result<std::string>> {
      CO_TRY(const auto body,
             co_await of.open_source(std::move(shown), "https://other.name/source?x=1", begin));
      co_return co_await net::read_text(*body, 1000);
    }(*link, proof, from));
  }

  const ServerLink::Proof proof{"ptrt-1", "00000000-0000-4000-8000-000000000001", "ptrjt-1"};
  int status = 204;
  std::string text;
  std::map<std::string, std::string> fields;
  std::string asked_path;
  std::string asked_range;
  std::string asked_body;
  std::string put_body;
  int bucket_status = 200;

  tests::TemporaryDirectory folder;
  io::PosixFileSystem files;
  io::Offload disk{"disk", 1, 16};
  io::Runtime runtime{1};
  Metrics metrics;
  SystemClock clock;
  std::optional<net::Server> server;
  std::optional<ServerLink> link;
};

TEST_F(ServerLinkTest, an_update_shows_the_proof_and_the_progress) {
  EXPECT_TRUE(wait(link->update(proof, 7)));
  EXPECT_EQ(asked_path, "/api/v1/runners/jobs/00000000-0000-4000-8000-000000000001/update");
  EXPECT_THAT(asked_body, HasSubstr(R"("runnerToken":"ptrt-1")"));
  EXPECT_THAT(asked_body, HasSubstr(R"("jobToken":"ptrjt-1")"));
  EXPECT_THAT(asked_body, HasSubstr(R"("progress":"7")"));
}

TEST_F(ServerLinkTest, tells_what_passes_from_what_is_lost_and_what_is_refused) {
  EXPECT_EQ(code_of(400, R"({"code":"runner_job_not_in_processing_state"})"), ErrorCode::conflict);
  EXPECT_EQ(code_of(404, R"({"detail":"Unknown runner job"})"), ErrorCode::conflict);
  EXPECT_EQ(code_of(404, R"({"code":"unknown_runner_token"})"), ErrorCode::unauthorized);
  EXPECT_EQ(code_of(400, R"({"detail":"The result was refused"})"), ErrorCode::invalid);
  EXPECT_EQ(code_of(429, "Too many requests"), ErrorCode::busy);
  EXPECT_EQ(code_of(503, ""), ErrorCode::busy);
  EXPECT_EQ(code_of(502, "<html>"), ErrorCode::unavailable);
}

TEST_F(ServerLinkTest, a_server_that_is_away_passes) {
  runtime.run_until_done(server->stop());
  const auto told = wait(link->update(proof, 7));
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, ErrorCode::unavailable);
}

TEST_F(ServerLinkTest, the_source_is_asked_of_this_server_and_goes_on_from_a_byte) {
  status = 200;
  text = "whole";
  EXPECT_EQ(read_source(0).value(), "whole");
  EXPECT_EQ(asked_path, "/source");
  EXPECT_EQ(asked_range, "");
  // One that does not do so must not be joined to what is there.
  EXPECT_EQ(read_source(3).error().code, ErrorCode::corrupt);
  status = 206;
  fields["Content-Range"] = "bytes 3-7/8";
  EXPECT_EQ(read_source(3).value(), "whole");
  EXPECT_EQ(asked_range, "bytes=3-");
}

TEST_F(ServerLinkTest, a_store_that_the_server_names_sees_no_token) {
  status = 303;
  EXPECT_EQ(read_source(0).value(), "rest");
  EXPECT_EQ(asked_path, "/elsewhere");
  EXPECT_EQ(asked_body, "");
}

TEST_F(ServerLinkTest, a_piece_is_put_into_the_store_and_the_server_told_of_it) {
  status = 204;
  ASSERT_TRUE(wait(link->deliver_by_store(proof, {piece(240)})));
  EXPECT_EQ(put_body, "bytes");
  EXPECT_TRUE(asked_path.ends_with("/success"));
  EXPECT_THAT(asked_body, HasSubstr(R"("putResolutions":[240])"));
  EXPECT_THAT(asked_body, HasSubstr(R"("jobToken":"ptrjt-1")"));
}

TEST_F(ServerLinkTest, a_store_that_refuses_or_takes_nothing_leaves_the_other_way) {
  bucket_status = 403;
  EXPECT_EQ(wait(link->deliver_by_store(proof, {piece(240)})).error().code, ErrorCode::unavailable);
  EXPECT_TRUE(asked_path.ends_with("/bucket")) << "the server is told of nothing";
  EXPECT_EQ(wait(link->deliver_by_store(proof, {piece(720)})).error().code, ErrorCode::unsupported);
}

TEST_F(ServerLinkTest, an_answer_that_is_no_job_is_refused) {
  status = 200;
  text = R"({"job":{}})";
  EXPECT_EQ(wait(link->accept("ptrt-1", proof.job)).error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace shoal::worker
