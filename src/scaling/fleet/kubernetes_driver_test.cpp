#include "scaling/fleet/kubernetes_driver.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>

#include "base/check.h"
#include "base/metrics.h"
#include "io/runtime.h"
#include "net/http/server.h"
#include "tests/support/temporary_directory.h"

namespace shoal::scaling {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// An API server of one Deployment, `media/encoders`, that keeps what it was asked and fails as it
/// is told. Only its failures are invented: paths, types and objects are Kubernetes'.
class KubernetesDriverTest : public testing::Test {
 protected:
  KubernetesDriverTest() {
    net::ServerConfig config;
    config.port = 0;
    server.emplace(
        runtime, config, [this](net::Request& request) { return answer(request); }, metrics, clock);
    SHOAL_CHECK(server->start().has_value());
    write("token", "first\n");
    write("namespace", "media");
  }
  void TearDown() override { runtime.run_until_done(server->stop()); }

  io::Task<net::Response> answer(net::Request& request) {
    const auto body = co_await net::read_body(request, 1 << 20);
    asked.push_back(
        fmt::format("{} {} {}", net::to_string(request.method), request.path, body.value_or("")));
    tokens.emplace_back(request.headers.find("Authorization").value_or(""));
    types.emplace_back(request.headers.find("Content-Type").value_or(""));
    if (hangs) {
      boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, Seconds{30});
      boost::system::error_code ended;
      co_await timer.async_wait(boost::asio::redirect_error(io::use_awaitable, ended));
    }
    if (request.path.contains("/pods/")) {
      const bool is_gone = request.path.ends_with("gone");
      co_return net::Response::text(is_gone ? 404 : 200, "{}", "application/json");
    }
    if (request.path != "/apis/apps/v1/namespaces/media/deployments/encoders/scale")
      co_return net::Response::text(404, "{}", "application/json");
    co_return net::Response::text(status, text, "application/json");
  }

  void write(const char* name, std::string_view content) {
    std::ofstream(folder.path() / name) << content;
  }
  KubernetesDriver driver() {
    return {{.api = fmt::format("http://127.0.0.1:{}", server->port()),
             .name_space = "",
             .deployment = "encoders",
             .credentials = folder.path().string(),
             .time_limit = limit},
            files,
            disk};
  }
  Result<Inventory> look() {
    Result<Inventory> out;
    KubernetesDriver one = driver();
    runtime.run_until_done([](KubernetesDriver& asked, Result<Inventory>& found) -> io::Task<> {
      found = co_await asked.look();
    }(one, out));
    return out;
  }
  Result<> apply(ScaleOrder order) {
    Result<> out;
    KubernetesDriver one = driver();
    runtime.run_until_done(
        [](KubernetesDriver& asked, ScaleOrder what, Result<>& done) -> io::Task<> {
          done = co_await asked.apply(std::move(what));
        }(one, std::move(order), out));
    return out;
  }
  std::string error_of(int answered, std::string said) {
    status = answered;
    text = std::move(said);
    const auto looked = look();
    return looked ? "no error" : looked.error().message;
  }

  tests::TemporaryDirectory folder;
  io::PosixFileSystem files;
  io::Runtime runtime{1};
  io::Offload disk{"disk", 1, 16};
  Metrics metrics;
  SystemClock clock;
  Milliseconds limit{5'000};
  int status = 200;
  std::string text = R"({"kind":"Scale","spec":{"replicas":3},"status":{"replicas":2}})";
  bool hangs = false;
  std::vector<std::string> asked;
  std::vector<std::string> tokens;
  std::vector<std::string> types;
  std::optional<net::Server> server;
};

constexpr const char* k_scale = "/apis/apps/v1/namespaces/media/deployments/encoders/scale";

TEST_F(KubernetesDriverTest, reads_the_scale_of_the_deployment_with_todays_token) {
  const auto looked = look();
  ASSERT_TRUE(looked) << looked.error().message;
  EXPECT_EQ(looked->count, 3u);
  EXPECT_FALSE(looked->known);
  EXPECT_EQ(looked->name_prefix, "encoders-");
  write("token", "second");
  ASSERT_TRUE(look());
  EXPECT_THAT(asked, ElementsAre(fmt::format("GET {} ", k_scale), fmt::format("GET {} ", k_scale)));
  EXPECT_THAT(tokens, ElementsAre("Bearer first", "Bearer second"));
  text = R"({"spec":{}})";
  EXPECT_EQ(look()->count, 0u);
}

TEST_F(KubernetesDriverTest, growing_is_one_patch) {
  ASSERT_TRUE(apply({.wanted = 5, .start = 2, .busy = {"encoders-a"}}));
  EXPECT_THAT(asked, ElementsAre(fmt::format(R"(PATCH {} {{"spec":{{"replicas":5}}}})", k_scale)));
  EXPECT_THAT(types, ElementsAre("application/merge-patch+json"));
}

TEST_F(KubernetesDriverTest, before_it_shrinks_it_says_which_pods_are_cheap_to_lose) {
  ASSERT_TRUE(apply({.wanted = 1,
                     .drain = {"encoders-idle", "encoders-gone", "../../secrets/x", "encoders-b"},
                     .busy = {"encoders-a", "encoders-b"}}));
  const auto mark = [](std::string_view pod, std::string_view cost) {
    return fmt::format(
        R"(PATCH /api/v1/namespaces/media/pods/{} {{"metadata":{{"annotations":{{"controller.kubernetes.io/pod-deletion-cost":"{}"}}}}}})",
        pod, cost);
  };
  EXPECT_THAT(asked, ElementsAre(mark("encoders-a", "100"), mark("encoders-b", "100"),
                                 mark("encoders-idle", "-100"), mark("encoders-gone", "-100"),
                                 fmt::format(R"(PATCH {} {{"spec":{{"replicas":2}}}})", k_scale)))
      << "two are busy";
}

TEST_F(KubernetesDriverTest, each_refusal_says_where_to_look) {
  const std::string why =
      R"({"kind":"Status","message":"deployments.apps \"encoders\" is forbidden"})";
  EXPECT_THAT(error_of(403, why), HasSubstr("may not do this; see its Role (deployments.apps"));
  EXPECT_THAT(error_of(401, "{}"), HasSubstr("token is not accepted"));
  EXPECT_THAT(error_of(404, "{}"), HasSubstr("see namespace and deployment"));
  EXPECT_THAT(error_of(409, "{}"), HasSubstr("somebody else changes it"));
  EXPECT_THAT(error_of(500, "oh\nno"), HasSubstr("with 500: that is no success (oh no)"));
  status = 409;
  const auto done = apply({.wanted = 2, .start = 1});
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("PATCH"));
}

TEST_F(KubernetesDriverTest, what_is_no_scale_is_not_believed) {
  EXPECT_THAT(error_of(200, "<html>"), HasSubstr("is no Scale: <html>"));
  EXPECT_THAT(error_of(200, "[1]"), HasSubstr("is no Scale"));
  EXPECT_THAT(error_of(200, R"({"spec":3})"), HasSubstr("is no Scale"));
  EXPECT_THAT(error_of(200, R"({"spec":{"replicas":-1}})"), HasSubstr("replicas: -1"));
  EXPECT_THAT(error_of(200, R"({"spec":{"replicas":1e9}})"), HasSubstr("which is no number"));
  EXPECT_THAT(error_of(200, R"({"spec":{"replicas":1000000000}})"), HasSubstr("no number"));
  EXPECT_THAT(error_of(200, R"({"spec":{"replicas":"2"}})"), HasSubstr("no number"));
  EXPECT_THAT(error_of(200, std::string(3 << 20, ' ')), HasSubstr("too long"));
}

TEST_F(KubernetesDriverTest, an_api_that_hangs_or_is_not_there_is_given_up) {
  hangs = true;
  limit = Milliseconds{300};
  EXPECT_THAT(error_of(200, text), HasSubstr("does not answer"));
  KubernetesDriver nowhere({.api = "http://127.0.0.1:1",
                            .name_space = "media",
                            .deployment = "encoders",
                            .credentials = folder.path().string()},
                           files, disk);
  Result<Inventory> out;
  runtime.run_until_done([](KubernetesDriver& one, Result<Inventory>& found) -> io::Task<> {
    found = co_await one.look();
  }(nowhere, out));
  ASSERT_FALSE(out);
  EXPECT_THAT(out.error().message, HasSubstr("http://127.0.0.1:1 does not answer"));
}

TEST_F(KubernetesDriverTest, without_credentials_nothing_is_asked) {
  std::filesystem::remove(folder.path() / "token");
  const auto looked = look();
  ASSERT_FALSE(looked);
  EXPECT_THAT(looked.error().message, HasSubstr("no credentials of Kubernetes"));
  EXPECT_TRUE(asked.empty());
}

}  // namespace
}  // namespace shoal::scaling
