#include "app/config/config.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "app/config/load.h"
#include "app/config/schema.h"
#include "app/config/text_checks.h"
#include "base/config/apply.h"

namespace shoal::app {
namespace {

using Texts = std::vector<std::string>;

Texts problems_of(std::string_view yaml, const Texts& environment = {}) {
  Texts texts;
  for (const auto& problem : load_config(yaml, "shoal.yaml", environment).problems)
    texts.push_back(problem.text());
  return texts;
}

TEST(AppConfig, an_empty_file_is_all_defaults) {
  const auto loaded = load_config("", "shoal.yaml", {});
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_EQ(loaded.config.listen.port, 9000);
  EXPECT_EQ(loaded.config.webserver.origin(), "http://localhost:9000");
  EXPECT_EQ(loaded.config.transcoding.heights(),
            (std::vector<std::int64_t>{240, 360, 480, 720, 1080}));
}

TEST(AppConfig, every_default_satisfies_its_own_key) {
  Config config;
  const auto schema = make_schema(config);
  std::set<std::string> paths;
  for (const auto& key : schema.keys()) {
    EXPECT_TRUE(paths.insert(key.path).second) << key.path << " is there twice";
    EXPECT_FALSE(key.description.empty()) << key.path;
  }
  EXPECT_EQ(problems_of(config::show(schema, schema)), Texts{});
}

TEST(AppConfig, file_then_environment) {
  const auto loaded = load_config(
      "webserver: {https: true, hostname: a.example, port: 443}\n", "f",
      {"SHOAL__WEBSERVER__HOSTNAME=b.example", "SHOAL__TRANSCODING__RESOLUTIONS__144P=true",
       "SHOAL__RATES_LIMIT__LOGIN__MAX=3"});
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_EQ(loaded.config.webserver.origin(), "https://b.example");
  EXPECT_EQ(loaded.config.transcoding.heights().front(), 144);
  EXPECT_EQ(loaded.config.rates_limit.login.max, 3);
  EXPECT_EQ(loaded.config.rates_limit.login.window, Milliseconds{300'000});
}

TEST(AppConfig, viewers_type_what_is_listened_on_unless_something_says_otherwise) {
  const auto origin = [](std::string_view yaml) {
    auto loaded = load_config(yaml, "f", {});
    follow_listen(loaded.config);
    return loaded.config.webserver.origin();
  };
  EXPECT_EQ(origin(""), "http://localhost:9000");
  EXPECT_EQ(origin("listen: {port: 9100}\n"), "http://localhost:9100");
  EXPECT_EQ(origin("listen: {hostname: 192.0.2.1, port: 80}\n"), "http://192.0.2.1");
  EXPECT_EQ(origin("listen: {hostname: '2001:db8::1'}\n"), "http://[2001:db8::1]:9000");
  EXPECT_EQ(origin("listen: {hostname: '::', port: 9100}\n"), "http://localhost:9100");
  EXPECT_EQ(origin("listen: {port: 443}\nwebserver: {https: true}\n"), "https://localhost");
  EXPECT_EQ(origin("listen: {hostname: 0.0.0.0, port: 9100}\nwebserver: {hostname: a.example, "
                   "port: 80}\n"),
            "http://a.example");
}

TEST(AppConfig, a_peertube_file_is_told_what_differs) {
  EXPECT_EQ(problems_of("listen:\n  hostname: '127.0.0.1'\n  port: 9000\nredis:\n  hostname: r\n"
                        "secrets:\n  peertube: ''\nobject_storage:\n  enabled: false\n"
                        "database:\n  suffix: _prod\n  pool:\n    max: 5\n"),
            (Texts{
                "shoal.yaml:5: redis.hostname: Shoal needs no Redis; remove the section",
                "shoal.yaml:7: secrets.peertube: Shoal makes its secrets and keeps them with its "
                "data; remove it",
                "shoal.yaml:11: database.suffix: give the whole name as database.name",
            }));
}

TEST(AppConfig, a_misspelt_section_is_nearer_than_the_same_key_of_another) {
  EXPECT_EQ(
      problems_of("webservr: {port: 1}\n"),
      (Texts{"shoal.yaml:1: webservr.port: is no key of Shoal; did you mean webserver.port?"}));
}

TEST(AppConfig, what_only_two_keys_together_show_names_the_line_too) {
  EXPECT_EQ(problems_of("tls:\n  certificate_file: /c.pem\n"),
            (Texts{"shoal.yaml:2: tls.certificate_file: is set without tls.key_file; give both or "
                   "none",
                   "shoal.yaml:2: tls.certificate_file: is set but webserver.https is false; set "
                   "webserver.https: true"}));
  EXPECT_EQ(problems_of("", {"SHOAL__TLS__KEY_FILE=/k.pem"}),
            (Texts{"environment SHOAL__TLS__KEY_FILE: tls.key_file: is set without "
                   "tls.certificate_file; give both or none"}));
  std::string none =
      "transcoding:\n  always_transcode_original_resolution: false\n  resolutions:\n";
  for (const auto height : Config::Transcoding::k_heights)
    none += "    " + std::to_string(height) + "p: false\n";
  EXPECT_EQ(problems_of(none).size(), 1u);
}

TEST(AppConfig, host_names_are_host_names) {
  for (const auto* good : {"localhost", "video.example.org", "a-b.c", "127.0.0.1", "[::1]"})
    EXPECT_EQ(check_host_name(good), "") << good;
  EXPECT_NE(check_host_name("https://a.b").find("scheme"), std::string::npos);
  EXPECT_NE(check_host_name("a.b:443").find("port"), std::string::npos);
  EXPECT_NE(check_host_name("a.b/c").find("path"), std::string::npos);
  for (const auto* bad : {"", "a..b", "-a", "a b", "a.", "[x]", "é"})
    EXPECT_NE(check_host_name(bad), "") << bad;
  EXPECT_NE(check_host_name(std::string(64, 'a')), "");
}

TEST(AppConfig, proxies_are_addresses_ranges_or_express_words) {
  for (const auto* good : {"loopback", "10.0.0.0/8", "::1", "fe80::/10", "192.168.1.7"})
    EXPECT_EQ(check_proxy(good), "") << good;
  for (const auto* bad : {"", "localhost", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "::1/129"})
    EXPECT_NE(check_proxy(bad), "") << bad;
}

TEST(AppConfig, addresses_routes_and_mail_are_checked) {
  EXPECT_EQ(check_address("0.0.0.0"), "");
  EXPECT_EQ(check_address("::"), "");
  EXPECT_NE(check_address("localhost"), "");
  EXPECT_EQ(check_route("/videos"), "");
  EXPECT_NE(check_route("//evil.example"), "");
  EXPECT_NE(check_route("https://evil.example"), "");
  EXPECT_EQ(check_email("a@b"), "");
  for (const auto* bad : {"a", "@b", "a@", "a@b@c", "a b@c"})
    EXPECT_NE(check_email(bad), "") << bad;
}

TEST(AppConfig, the_password_of_the_database_is_never_shown) {
  auto loaded = load_config("database: {password: hunter2}\n", "f", {});
  EXPECT_EQ(loaded.config.database.password, "hunter2");
  EXPECT_EQ(show_config(loaded.config).find("hunter2"), std::string::npos);
}

TEST(AppConfig, run_time_keys_are_the_site_and_never_the_machine) {
  const auto keys = runtime_keys();
  EXPECT_NE(std::ranges::find(keys, "instance.name"), keys.end());
  for (const auto& key : keys)
    for (const auto* section : {"listen", "webserver", "database", "storage", "tls", "http"})
      EXPECT_FALSE(key.starts_with(std::string(section) + ".")) << key;
}

TEST(AppConfig, a_missing_file_is_an_error_and_no_file_is_none) {
  const auto missing = read_config("/nonexistent/shoal.yaml");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_TRUE(read_config(""));
}

std::string file_of_project(std::string_view path) {
  std::ifstream file(fmt::format("{}/{}", SHOAL_SOURCE_DIR, path));
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// What stands below a line that is `begin` and no more, with `indent` spaces before each.
std::string section_of(const std::string& text, const std::string& begin, std::size_t indent) {
  std::istringstream lines(text.substr(text.find("\n" + begin + "\n") + begin.size() + 2));
  std::string section;
  for (std::string line; std::getline(lines, line) && line.starts_with(std::string(indent, ' '));)
    section += line.substr(indent) + "\n";
  return section;
}

TEST(AppConfig, what_is_deployed_is_accepted) {
  const std::string manifest =
      section_of(file_of_project("deploy/kubernetes/shoal.yaml"), "  shoal.yaml: |", 4);
  EXPECT_TRUE(manifest.contains("homes:"));
  EXPECT_EQ(problems_of(manifest), Texts{});
  const std::string chart =
      section_of(file_of_project("deploy/helm/shoal/values.yaml"), "configuration:", 2);
  EXPECT_TRUE(chart.contains("homes:"));
  EXPECT_EQ(problems_of(chart), Texts{});
  const std::string package = file_of_project("deploy/debian/shoal.yaml");
  EXPECT_FALSE(package.empty());
  EXPECT_EQ(problems_of(package), Texts{});
}

TEST(AppConfig, the_reference_page_is_current) {
  EXPECT_TRUE(file_of_project("docs/reference/configuration.md") == config_reference())
      << "write it again: build/dev/shoal config reference > docs/reference/configuration.md";
}

}  // namespace
}  // namespace shoal::app
