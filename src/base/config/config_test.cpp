#include <gtest/gtest.h>

#include "base/config/apply.h"
#include "base/config/units.h"

namespace shoal::config {
namespace {

std::string no_spaces(std::string_view text) {
  return text.find(' ') == std::string_view::npos ? "" : "has a blank; give a name without one";
}

/// A small configuration with one key of every type.
struct Sample {
  bool https = false;
  std::int64_t port = 9000;
  std::string hostname = "localhost";
  std::vector<std::string> proxies{"loopback"};
  ByteCount limit = 10_MiB;
  Quota quota;
  Milliseconds window{10'000};
  std::string level = "info";
  std::string password;

  Schema schema() {
    Schema s;
    s.add("webserver.https", https, "Whether viewers see https.");
    s.add("webserver.port", port, "The port.").range(1, 65535);
    s.add("webserver.hostname", hostname, "The name.").checked_by(no_spaces);
    s.add("trust_proxy", proxies, "Proxies | ranges.").checked_by(no_spaces);
    s.add("http.limit", limit, "A limit.").range(1024, 1 << 30);
    s.add("user.video_quota", quota, "A quota.").runtime();
    s.add("rates_limit.api.window", window, "A window.").range(1000, 86'400'000);
    s.add("log.level", level, "How much.").one_of({"debug", "info"});
    s.add("database.password", password, "The password.").secret();
    s.foreign("redis", "Shoal needs no Redis; remove the section");
    return s;
  }

  std::vector<std::string> read(std::string_view yaml) {
    std::vector<std::string> texts;
    for (const auto& problem : apply(schema(), parse_document(yaml, "shoal.yaml")))
      texts.push_back(problem.text());
    return texts;
  }
  std::vector<std::string> read_environment(const std::vector<std::string>& lines) {
    std::vector<std::string> texts;
    for (const auto& problem : apply(schema(), parse_environment(lines)))
      texts.push_back(problem.text());
    return texts;
  }
};

using Texts = std::vector<std::string>;

TEST(ConfigUnits, sizes_are_peertubes) {
  EXPECT_EQ(parse_bytes("10GB"), ByteCount{10ull << 30});
  EXPECT_EQ(parse_bytes(" 512 KiB "), ByteCount{512 << 10});
  EXPECT_EQ(parse_bytes("17"), ByteCount{17});
  for (const auto* bad :
       {"", "GB", "-1", "1.5GB", "10XB", "10GB5", "99999999TB", "9e9", "99999999999999999999"})
    EXPECT_FALSE(parse_bytes(bad)) << bad;
  for (const auto* text : {"0B", "17B", "1500KB", "10GB", "3TB"})
    EXPECT_EQ(format_bytes(*parse_bytes(text)), text);
}

TEST(ConfigUnits, durations_are_peertubes) {
  EXPECT_EQ(parse_duration("10 seconds"), Milliseconds{10'000});
  EXPECT_EQ(parse_duration("1 day 2 hours"), Milliseconds{93'600'000});
  EXPECT_EQ(parse_duration("1500"), Milliseconds{1500});
  EXPECT_EQ(parse_duration("5min"), Milliseconds{300'000});
  for (const auto* bad :
       {"", "seconds", "-5 s", "5 parsecs", "5 s 3", "1.5 h", "ss", "9223372036854775807 weeks"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
  for (const auto* text : {"1 day", "5 minutes", "1500 milliseconds", "90 seconds", "0 seconds"})
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
}

TEST(Config, every_type_is_read) {
  Sample c;
  EXPECT_EQ(c.read(R"(
webserver: {https: yes, port: 443, hostname: video.example}
trust_proxy: [loopback, 10.0.0.0/8]
http: {limit: 2MB}
user: {video_quota: 50GB}
rates_limit: {api: {window: 1 minute}}
log: {level: debug}
)"),
            Texts{});
  EXPECT_TRUE(c.https);
  EXPECT_EQ(c.port, 443);
  EXPECT_EQ(c.hostname, "video.example");
  EXPECT_EQ(c.proxies, (Texts{"loopback", "10.0.0.0/8"}));
  EXPECT_EQ(c.limit, 2_MiB);
  EXPECT_EQ(c.quota.bytes, 50LL << 30);
  EXPECT_EQ(c.window, Milliseconds{60'000});
  EXPECT_EQ(c.level, "debug");
}

TEST(Config, all_problems_are_named_at_once_with_their_lines) {
  Sample c;
  EXPECT_EQ(
      c.read("webserver:\n  https: maybe\n  port: 70000\n  hostname: a b\nlog:\n  level: loud\n"
             "http:\n  limit: 5\nuser:\n  video_quota: -2\nrates_limit:\n  api: {window: 1}\n"),
      (Texts{
          "shoal.yaml:2: webserver.https: 'maybe' does not fit; give true or false",
          ("shoal.yaml:3: webserver.port: '70000' does not fit; give a whole number, from 1 to "
           "65535"),
          "shoal.yaml:4: webserver.hostname: 'a b' has a blank; give a name without one",
          "shoal.yaml:6: log.level: 'loud' does not fit; give one of debug, info",
          ("shoal.yaml:8: http.limit: '5' does not fit; give a size such as 10GB, from 1KB to "
           "1GB"),
          ("shoal.yaml:10: user.video_quota: '-2' does not fit; give a size such as 10GB, or -1 "
           "(no limit)"),
          ("shoal.yaml:12: rates_limit.api.window: '1' does not fit; give a duration such as 5 "
           "minutes, from 1 second to 1 day"),
      }));
  EXPECT_EQ(c.port, 9000);
  EXPECT_FALSE(c.https);
}

TEST(Config, an_unknown_key_suggests_the_nearest) {
  Sample c;
  EXPECT_EQ(c.read("webservr:\n  port: 1\nlog: {levle: info}\nhttps: true\nzzzzzzzz: 1\nredis:\n"
                   "  hostname: x\n"),
            (Texts{
                "shoal.yaml:2: webservr.port: is no key of Shoal; did you mean webserver.port?",
                "shoal.yaml:3: log.levle: is no key of Shoal; did you mean log.level?",
                "shoal.yaml:4: https: is no key of Shoal; did you mean webserver.https?",
                ("shoal.yaml:5: zzzzzzzz: is no key of Shoal; remove it "
                 "(docs/reference/configuration.md)"),
                "shoal.yaml:7: redis.hostname: Shoal needs no Redis; remove the section",
            }));
}

TEST(Config, suggestions_are_bounded_but_not_problems) {
  Sample c;
  std::string yaml = "log:\n";
  for (int i = 0; i < 60; ++i) yaml += fmt::format("  leve{}: x\n", i);
  const auto texts = c.read(yaml);
  ASSERT_EQ(texts.size(), 60u);
  EXPECT_NE(texts[49].find("did you mean log.level?"), std::string::npos) << texts[49];
  EXPECT_NE(texts[50].find("remove it"), std::string::npos) << texts[50];
}

TEST(Config, what_has_no_effect_is_taken_whatever_its_shape) {
  std::string bucket;
  Schema schema;
  schema.add("storage.bucket", bucket, "A bucket.");
  schema.without_effect("storage.torrents", "Shoal makes none.");
  EXPECT_TRUE(
      apply(schema, parse_document("storage:\n  torrents: {a: [1], b: {c: 2}}\n", "f")).empty());
  EXPECT_TRUE(apply(schema, parse_document("storage: {torrents: }\n", "f")).empty());
  EXPECT_EQ(apply(schema, parse_document("storage: {torrents2: 1}\n", "f")).size(), 1u);
  EXPECT_NE(reference(schema).find("| `storage.torrents` | anything | | No effect: Shoal makes "
                                   "none. |\n"),
            std::string::npos);
}

TEST(Config, null_is_a_value_only_where_the_schema_says_which) {
  std::string acl = "private";
  std::string name = "x";
  Schema schema;
  schema.add("acl", acl, "An ACL.").one_of({"none", "private"}).null_means("none");
  schema.add("name", name, "A name.");
  const auto problems = apply(schema, parse_document("acl: null\nname: null\n", "f"));
  EXPECT_EQ(acl, "none");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].key, "name");
}

TEST(Config, a_section_of_named_sections_may_be_empty_and_is_suggested) {
  std::string path;
  Schema schema;
  schema.named_sections("stores");
  EXPECT_TRUE(apply(schema, parse_document("stores:\n", "f")).empty());
  EXPECT_EQ(apply(schema, parse_document("stores: 5\n", "f")).at(0).message,
            "is a section; its keys go on the lines below it, indented");
  EXPECT_EQ(schema.nearest("store.disk.path"), "stores.disk.path");
  EXPECT_EQ(schema.nearest("store.disk"), "");
  schema.add("stores.disk.path", path, "A folder.");
  EXPECT_EQ(schema.nearest("stores.disk.paht"), "stores.disk.path");
}

TEST(Config, a_wrong_shape_says_what_shape_is_right) {
  Sample c;
  EXPECT_EQ(
      c.read("webserver: 5\nlog:\n  level:\n    x: info\ntrust_proxy:\n  - {a: 1}\n"
             "http:\n  limit: [1, 2]\n"),
      (Texts{
          "shoal.yaml:6: trust_proxy: an item of this list must be a plain text",
          "shoal.yaml:1: webserver: is a section; its keys go on the lines below it, indented",
          "shoal.yaml:4: log.level: is no section; give one of debug, info after the colon",
          "shoal.yaml:8: http.limit: is a list; give a size such as 10GB, from 1KB to 1GB",
      }));
}

TEST(Config, a_key_without_value_or_written_twice_is_a_problem) {
  Sample c;
  EXPECT_EQ(c.read("webserver:\n  port:\nlog:\n  level: info\n  level: debug\nhttp:\n"),
            (Texts{
                "shoal.yaml:5: log.level: is written twice; keep one of the two",
                "shoal.yaml:2: webserver.port: has no value; give a whole number, from 1 to 65535, "
                "or remove the line for the default, 9000",
            }));
}

TEST(Config, text_that_is_no_yaml_is_one_problem_with_its_line) {
  Sample c;
  const auto texts = c.read("log:\n  level: info\n webserver: {\n");
  ASSERT_EQ(texts.size(), 1u);
  EXPECT_TRUE(texts[0].starts_with("shoal.yaml:")) << texts[0];
  EXPECT_NE(texts[0].find("no YAML from here on"), std::string::npos);
  EXPECT_EQ(c.read("- a\n- b\n").size(), 1u);
  EXPECT_EQ(c.read("log: {level: \xff}\n").size(), 1u);
  EXPECT_EQ(c.read(std::string((1 << 20) + 1, '#')).size(), 1u);
  EXPECT_EQ(c.read(""), Texts{});
  EXPECT_EQ(c.read("# only a comment\n"), Texts{});
}

TEST(Config, aliases_that_multiply_are_bounded) {
  std::string yaml = "a: &a {x: 1, y: 2}\n";
  for (char c = 'b'; c < 'p'; ++c)
    yaml += fmt::format("{0}: &{0} {{l: *{1}, m: *{1}, n: *{1}}}\n", c, static_cast<char>(c - 1));
  const auto document = parse_document(yaml, "f");
  EXPECT_LE(document.leaves.size(), 10'000u);
  ASSERT_FALSE(document.problems.empty());
  EXPECT_LE(document.problems.size(), 10u);
}

TEST(Config, environment_overrides_and_names_its_variable) {
  Sample c;
  EXPECT_EQ(c.read_environment({"HOME=/x", "SHOAL__WEBSERVER__PORT=443",
                                "SHOAL__TRUST_PROXY=loopback, 10.0.0.0/8", "SHOAL_PORT=1"}),
            Texts{});
  EXPECT_EQ(c.port, 443);
  EXPECT_EQ(c.proxies, (Texts{"loopback", "10.0.0.0/8"}));
  EXPECT_EQ(
      c.read_environment({"SHOAL__WEBSERVER__PROT=1", "SHOAL__LOG__LEVEL="}),
      (Texts{
          "environment SHOAL__WEBSERVER__PROT: webserver.prot: is no key of Shoal; did you "
          "mean webserver.port?",
          "environment SHOAL__LOG__LEVEL: log.level: '' does not fit; give one of debug, info",
      }));
  for (const auto& key : c.schema().keys())
    EXPECT_EQ(parse_environment({environment_name(key.path) + "=1"}).leaves.at(0).path, key.path);
}

TEST(Config, show_hides_secrets_marks_defaults_and_reads_back) {
  Sample defaults;
  Sample c;
  ASSERT_EQ(c.read("webserver: {port: 443}\ndatabase: {password: hunter2}\n"
                   "webserver2: 1\n")
                .size(),
            1u);
  c.hostname = "it's\n\"new\"";
  c.proxies = {"a,b", ""};
  const auto text = show(c.schema(), defaults.schema());
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
  EXPECT_NE(text.find("password: '***'"), std::string::npos);
  EXPECT_NE(text.find("  port: 443\n"), std::string::npos);
  EXPECT_NE(text.find("  https: false  # default\n"), std::string::npos);
  Sample again;
  again.read(text);
  EXPECT_EQ(again.hostname, c.hostname);
  EXPECT_EQ(again.proxies, c.proxies);
  EXPECT_EQ(again.port, 443);
  EXPECT_EQ(again.limit, c.limit);
  EXPECT_EQ(again.window, c.window);
}

TEST(Config, a_secret_never_stands_in_a_problem) {
  Sample c;
  Schema schema;
  schema.add("token", c.password, "A token.").secret().checked_by(no_spaces);
  const auto problems = apply(schema, parse_document("token: hun ter2\n", "f"));
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].text(), "f:1: token: the value has a blank; give a name without one");
}

TEST(Config, reference_has_every_key_and_escapes_the_table) {
  Sample c;
  const auto text = reference(c.schema());
  for (const auto& key : c.schema().keys())
    EXPECT_NE(text.find("| `" + key.path + "` |"), std::string::npos) << key.path;
  EXPECT_NE(text.find("Proxies \\| ranges."), std::string::npos);
  EXPECT_NE(text.find("*Run time.*"), std::string::npos);
}

}  // namespace
}  // namespace shoal::config
