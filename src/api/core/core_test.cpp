#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <limits>

#include "api/core/body.h"
#include "api/core/json_writer.h"
#include "api/core/paging.h"
#include "api/core/rate_limit.h"
#include "tests/support/manual_clock.h"

namespace shoal::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace json = boost::json;

Fields form(std::string_view text) {
  return Fields::from(net::Parameters::parse(text).value(), "body");
}

std::vector<std::string> refused(const Fields& fields) {
  std::vector<std::string> names;
  const auto checked = fields.check();
  if (checked) return names;
  for (const InvalidParam& param : checked.error().invalid) names.push_back(param.name);
  return names;
}

TEST(Fields, arrays_are_read_in_every_way_clients_write_them) {
  for (const char* text : {"tags[]=a&tags[]=b", "tags[0]=a&tags[1]=b", "tags=a&tags=b"}) {
    Fields fields = form(text);
    EXPECT_THAT(fields.texts("tags", 5).value(), ElementsAre("a", "b")) << text;
  }
  Fields one = form("tags=a");
  EXPECT_THAT(one.texts("tags", 5).value(), ElementsAre("a"));
  Fields object = form("schedule[at]=x&schedule[privacy]=1");
  EXPECT_EQ(object.nested("schedule")->integer("privacy", 1, 4), 1);
}

TEST(Fields, form_values_count_as_numbers_booleans_and_null) {
  Fields fields = form("n=12&yes=true&no=0&none=null&empty=");
  EXPECT_EQ(fields.integer("n", 0, 100), 12);
  EXPECT_EQ(fields.boolean("yes"), true);
  EXPECT_EQ(fields.boolean("no"), false);
  EXPECT_TRUE(fields.is_null("none"));
  EXPECT_EQ(fields.integer("none", 0, 100), std::nullopt);
  EXPECT_EQ(fields.integer("empty", 0, 100), std::nullopt);
  EXPECT_TRUE(fields.ok());
}

TEST(Fields, every_bad_field_is_named_once) {
  Fields fields(json::parse(R"({"n":"x","big":1e300,"t":7.5,"b":"maybe","l":[1,2,3],"d":"today"})")
                    .as_object(),
                "body");
  EXPECT_EQ(fields.integer("n", 0, 9), std::nullopt);
  EXPECT_EQ(fields.integer("n", 0, 9), std::nullopt);
  EXPECT_EQ(fields.integer("big", 0, 9), std::nullopt);
  EXPECT_EQ(fields.text("t"), std::nullopt);
  EXPECT_EQ(fields.boolean("b"), std::nullopt);
  fields.integers("l", 2, 0, 9);
  EXPECT_EQ(fields.time("d"), std::nullopt);
  EXPECT_EQ(fields.required_text("gone", {1, 5}), "");
  EXPECT_THAT(refused(fields), ElementsAre("n", "big", "t", "b", "l", "d", "gone"));
}

TEST(Fields, text_lengths_count_characters_and_bad_utf8_is_refused) {
  EXPECT_FALSE(net::Parameters::parse("bad=%c3%28").has_value()) << "refused before";
  Fields fields({{"zh", "视频"}, {"bad", "\xc3("}, {"nul", std::string("a\0b", 3)}}, "body");
  EXPECT_EQ(fields.text("zh", {2, 2}), "视频");
  EXPECT_EQ(fields.text("bad"), std::nullopt);
  EXPECT_EQ(fields.text("nul"), std::nullopt);
  EXPECT_THAT(refused(fields), ElementsAre("bad", "nul"));
}

TEST(Fields, pages_are_bounded_and_sorts_are_known) {
  Fields good = form("start=5&count=0&sort=-name");
  EXPECT_EQ(read_page(good).start, 5);
  EXPECT_EQ(read_page(good).count, 0);
  EXPECT_TRUE(read_sort(good, {"name"}, "name").descending);
  Fields bad =
      Fields::from(net::Parameters::parse("start=-1&count=101&sort=drop").value(), "query");
  read_page(bad);
  read_sort(bad, {"name"}, "name");
  EXPECT_THAT(refused(bad), ElementsAre("start", "count", "sort"));
}

TEST(ParseJson, depth_is_bounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parse_json(nested(32)).has_value());
  EXPECT_FALSE(parse_json(nested(40)).has_value());
  EXPECT_FALSE(parse_json("{\"a\":1} x").has_value());
  EXPECT_FALSE(parse_json("\"\xff\"").has_value());
}

TEST(JsonWriter, writes_what_a_parser_reads_back) {
  JsonWriter writer;
  const std::string text = "a\"b\\c\n\t\x01</script> 视频";
  writer.object([&] {
    writer.field("text", text).field("n", std::int64_t{-5}).field("truth", true);
    writer.field("real", 1.5).field("infinite", std::numeric_limits<double>::infinity());
    writer.field("none", std::optional<std::string>());
    writer.key("list").array(std::vector<int>{1, 2}, [&](int n) { writer.value(n); });
    writer.key("inner").object([&] { writer.field("time", UtcTime{Milliseconds{0}}); });
    writer.field("last", 1);
  });
  EXPECT_EQ(writer.text().find("</"), std::string::npos) << "safe inside a script element";
  const json::value read = json::parse(writer.text());
  EXPECT_EQ(read.at("text").as_string(), text);
  EXPECT_EQ(read.at("n"), -5);
  EXPECT_TRUE(read.at("infinite").is_null());
  EXPECT_TRUE(read.at("none").is_null());
  EXPECT_EQ(read.at("list").as_array().size(), 2U);
  EXPECT_EQ(read.at("inner").at("time"), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(read.at("last"), 1);
}

TEST(RateLimiter, an_ipv6_network_is_one_client) {
  tests::ManualClock clock;
  Metrics metrics;
  RateLimits limits;
  limits.api.max = 2;
  RateLimiter limiter(limits, clock, metrics);
  EXPECT_TRUE(limiter.count(Limit::api, "2001:db8:1:2:3::1").allowed);
  EXPECT_TRUE(limiter.count(Limit::api, "2001:db8:1:2:ffff::9").allowed);
  EXPECT_FALSE(limiter.count(Limit::api, "2001:db8:1:2:4:5:6:7").allowed);
  EXPECT_TRUE(limiter.count(Limit::api, "2001:db8:1:3::1").allowed);
  EXPECT_TRUE(limiter.count(Limit::api, "::1").allowed);
  EXPECT_FALSE(limiter.count(Limit::none, "::1").limited);
  clock.advance(Seconds{10});
  EXPECT_TRUE(limiter.count(Limit::api, "2001:db8:1:2::1").allowed);
}

TEST(RateLimiter, the_table_is_bounded) {
  tests::ManualClock clock;
  Metrics metrics;
  RateLimiter limiter(RateLimits{}, clock, metrics);
  for (std::size_t i = 0; i < RateLimiter::k_max_clients + 1000; ++i) {
    limiter.count(Limit::api, "client-" + std::to_string(i));
  }
  EXPECT_EQ(metrics.sum("shoal_rate_limit_clients"),
            static_cast<double>(RateLimiter::k_max_clients));
}

TEST(RateLimiter, who_fills_the_table_takes_nothing_from_others) {
  tests::ManualClock clock;
  Metrics metrics;
  RateLimits limits;
  limits.api.max = 2;
  RateLimiter limiter(limits, clock, metrics);
  for (int i = 0; i < 3; ++i) limiter.count(Limit::login, "192.0.2.1");
  for (std::size_t i = 0; i < RateLimiter::k_max_clients; ++i)
    limiter.count(Limit::api, "client-" + std::to_string(i));
  for (int i = 0; i < 10; ++i) {
    const std::string newcomer = "newcomer-" + std::to_string(i);
    EXPECT_TRUE(limiter.count(Limit::api, newcomer).allowed) << i;
    EXPECT_TRUE(limiter.count(Limit::api, newcomer).allowed) << i;
    EXPECT_FALSE(limiter.count(Limit::api, newcomer).allowed) << i;
  }
  EXPECT_EQ(limiter.count(Limit::login, "192.0.2.1").remaining, limits.login.max - 4);
}

TEST(RateLimiter, nodes_share_a_limit) {
  tests::ManualClock clock;
  Metrics metrics;
  RateLimits limits;
  limits.api.max = 50;
  limits.signup.max = 2;
  std::vector<std::unique_ptr<RateLimiter>> nodes;
  for (int i = 0; i < 3; ++i) {
    nodes.push_back(std::make_unique<RateLimiter>(limits, clock, metrics));
    nodes.back()->share_with(3);
  }
  const auto allowed = [&](Limit kind, std::size_t reached) {
    int count = 0;
    for (std::size_t i = 0; i < 300; ++i)
      count += nodes[i % reached]->count(kind, "192.0.2.1").allowed ? 1 : 0;
    return count;
  };
  EXPECT_EQ(allowed(Limit::api, 3), 51) << "less than one of each node beyond the limit";
  EXPECT_EQ(allowed(Limit::signup, 3), 3) << "a share is never nothing";
  clock.advance(Seconds{1000});
  EXPECT_EQ(allowed(Limit::api, 1), 17);
  clock.advance(Seconds{1000});
  nodes[0]->share_with(1);
  EXPECT_EQ(allowed(Limit::api, 1), 50) << "the others are gone";
}

TEST(Problem, says_nothing_of_what_went_wrong_inside) {
  const Problem problem(Error{ErrorCode::internal, "table users is locked at /var/secret"});
  const auto response = to_response(problem, "getVideo", "/api/v1/videos");
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(std::get<std::string>(response.body), testing::Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace shoal::api
