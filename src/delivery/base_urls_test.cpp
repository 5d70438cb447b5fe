#include "delivery/base_urls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/check.h"
#include "base/random.h"
#include "io/runtime.h"
#include "net/http/server.h"
#include "tests/support/manual_clock.h"

namespace shoal::delivery {
namespace {

struct UrlHealthTest : testing::Test {
  /// A check at the time it is due.
  void check(bool is_alive) {
    clock.advance(std::chrono::ceil<Milliseconds>(health.next_check() - clock.steady_now()));
    health.record(is_alive, clock.steady_now());
  }
  Milliseconds pause() const {
    return std::chrono::ceil<Milliseconds>(health.next_check() - clock.steady_now());
  }
  tests::ManualClock clock;
  UrlHealth health{clock.steady_now()};
};

TEST_F(UrlHealthTest, nobody_is_sent_where_nobody_has_looked) {
  EXPECT_FALSE(health.is_healthy());
  EXPECT_EQ(pause(), Milliseconds{0});
  check(true);
  EXPECT_TRUE(health.is_healthy()) << "one look is enough to begin with";
  EXPECT_EQ(pause(), Milliseconds{5'000});
}

TEST_F(UrlHealthTest, what_failed_at_first_must_succeed_twice) {
  check(false);
  EXPECT_FALSE(health.is_healthy());
  check(true);
  EXPECT_FALSE(health.is_healthy());
  check(true);
  EXPECT_TRUE(health.is_healthy());
}

TEST_F(UrlHealthTest, two_failures_in_a_row_leave_it_out_and_two_successes_bring_it_back) {
  check(true);
  check(false);
  EXPECT_TRUE(health.is_healthy());
  EXPECT_EQ(pause(), Milliseconds{2'000}) << "in doubt it is looked at sooner";
  check(true);
  check(false);
  EXPECT_TRUE(health.is_healthy()) << "not in a row";
  check(false);
  EXPECT_FALSE(health.is_healthy());
  EXPECT_EQ(pause(), Milliseconds{2'000});
  check(true);
  EXPECT_FALSE(health.is_healthy());
  check(false);
  check(true);
  EXPECT_FALSE(health.is_healthy());
  check(true);
  EXPECT_TRUE(health.is_healthy());
}

TEST(ChooseUrl, each_healthy_one_has_a_share_as_its_weight) {
  SeededRandom random(7);
  const std::vector<WeighedUrl> urls{{1, true}, {5, false}, {3, true}, {0, true}};
  std::vector<int> chosen(urls.size());
  for (int i = 0; i < 4000; ++i) ++chosen.at(*choose_url(urls, random.next()));
  EXPECT_EQ(chosen[1] + chosen[3], 0);
  EXPECT_NEAR(chosen[0], 1000, 150);
  EXPECT_NEAR(chosen[2], 3000, 150);
}

TEST(ChooseUrl, is_nothing_where_none_is_healthy) {
  EXPECT_FALSE(choose_url({}, 1));
  EXPECT_FALSE(choose_url(std::vector<WeighedUrl>{{1, false}, {0, true}}, 1));
}

struct BaseUrlsTest : testing::Test {
  BaseUrlsTest() {
    net::ServerConfig config;
    config.port = 0;
    server.emplace(
        runtime, config,
        [this](net::Request& request) -> io::Task<net::Response> {
          ++asked;
          asked_path = request.path;
          return answer(status);
        },
        metrics, real_clock);
    SHOAL_CHECK(server->start().has_value());
  }
  ~BaseUrlsTest() override { runtime.run_until_done(server->stop()); }
  static io::Task<net::Response> answer(int status) {
    co_return net::Response::text(status, "", "text/plain");
  }
  std::string url(std::string_view path) const {
    return fmt::format("http://127.0.0.1:{}{}", server->port(), path);
  }

  io::Runtime runtime{1};
  SystemClock real_clock;
  tests::ManualClock clock;
  Metrics metrics;
  std::atomic<int> status = 200;
  std::atomic<int> asked = 0;
  std::string asked_path;
  std::optional<net::Server> server;
};

TEST_F(BaseUrlsTest, only_who_gives_the_object_is_alive) {
  BaseUrls urls("cdn", {{.url = url("/videos"), .check_url = url("/videos/probe")}}, clock, metrics,
                runtime.executor(0));
  const auto check = [&](int with) {
    status = with;
    runtime.run_until_done(urls.check_all());
    return urls.choose(0).has_value();
  };
  EXPECT_FALSE(urls.has_healthy());
  EXPECT_TRUE(check(200));
  EXPECT_EQ(asked_path, "/videos/probe");
  EXPECT_EQ(urls.choose(12345), url("/videos"));
  EXPECT_THAT(metrics.render(),
              testing::ContainsRegex("shoal_base_url_healthy.*store=\"cdn\".* 1"));
  EXPECT_TRUE(check(503));
  EXPECT_FALSE(check(403));
  EXPECT_THAT(metrics.render(),
              testing::ContainsRegex("shoal_base_url_healthy.*store=\"cdn\".* 0"));
  EXPECT_FALSE(check(200));
  EXPECT_TRUE(check(204));
}

TEST_F(BaseUrlsTest, who_refuses_connections_is_left_out_and_the_others_take_its_share) {
  BaseUrls urls("cdn", {{.url = "http://127.0.0.1:1", .weight = 100}, {.url = url("")}}, clock,
                metrics, runtime.executor(0));
  runtime.run_until_done(urls.check_all());
  for (std::uint64_t random = 0; random < 200; ++random) EXPECT_EQ(urls.choose(random), url(""));
  const auto states = urls.states();
  ASSERT_EQ(states.size(), 2U);
  EXPECT_EQ(states[0].url, "http://127.0.0.1:1");
  EXPECT_EQ(states[0].weight, 100U);
  EXPECT_FALSE(states[0].is_healthy);
  EXPECT_TRUE(states[1].is_healthy);
}

TEST_F(BaseUrlsTest, looks_by_itself_from_the_start_until_it_is_stopped) {
  BaseUrls urls("cdn", {{.url = url("/")}}, real_clock, metrics, runtime.executor(0));
  urls.start();
  const auto until = real_clock.steady_now() + Seconds{10};
  while (!urls.has_healthy() && real_clock.steady_now() < until) std::this_thread::yield();
  EXPECT_TRUE(urls.has_healthy());
  runtime.run_until_done(urls.stop());
}

}  // namespace
}  // namespace shoal::delivery
