#include "app/config/url_checks.h"

#include <gtest/gtest.h>

#include "app/config/stores.h"

namespace shoal::app {
namespace {

TEST(UrlChecks, endpoints_are_hosts_or_urls) {
  for (const auto* good : {"", "s3.example.org", "localhost:9000", "http://[::1]:9000",
                           "https://s3.example.org/", "HTTPS://a.b/c", "10.0.0.1"})
    EXPECT_EQ(check_endpoint(good), "") << good;
  for (const auto* bad : {"ftp://a.b", "https://", "a b", "a.b?x", "a.b#x", "u:p@a.b", "a.b:0",
                          "a.b:65536", "a.b:", "https://-a", "é.example", "://a"})
    EXPECT_NE(check_endpoint(bad), "") << bad;
}

TEST(UrlChecks, base_urls_are_urls_with_a_weight) {
  for (const auto* good : {"https://a.example", "http://a.example:8080/x/y", "https://a.example 1",
                           "https://a.example/  1000"})
    EXPECT_EQ(check_base_url(good), "") << good;
  for (const auto* bad : {"", "a.example", "https://a.example 0", "https://a.example 1001",
                          "https://a.example x", "https://a.example 1 2", "https://a.example?b",
                          "https://a.example/é", "https://a.example/\"x"})
    EXPECT_NE(check_base_url(bad), "") << bad;
  EXPECT_EQ(check_url("https://a.example/purge?token=1"), "");
  EXPECT_NE(check_plain_url("https://a.example/purge?token=1"), "");
}

TEST(UrlChecks, buckets_prefixes_and_paths_are_checked) {
  for (const auto* good : {"", "abc", "a.b-c", "1-2", "streaming-playlists"})
    EXPECT_EQ(check_bucket(good), "") << good;
  for (const auto* bad : {"ab", "Abc", "-abc", "abc-", "a..b", "a_b", "192.168.0.1", "a/b"})
    EXPECT_NE(check_bucket(bad), "") << bad;
  EXPECT_NE(check_bucket(std::string(64, 'a')), "");
  for (const auto* good : {"", "cold/", "a.b/_c-/"}) EXPECT_EQ(check_prefix(good), "") << good;
  for (const auto* bad : {"cold", "/", "/cold/", "a//", "../", "./", "a/../", "a b/", "a:/"})
    EXPECT_NE(check_prefix(bad), "") << bad;
  for (const auto* good : {"", "streaming-playlists:", "a/b", "a/"})
    EXPECT_EQ(check_peertube_prefix(good), "") << good;
  for (const auto* bad : {"/a", "a//b", "..", "a b"})
    EXPECT_NE(check_peertube_prefix(bad), "") << bad;
  for (const auto* good : {"", "/a", "/mnt/media 2/"})
    EXPECT_EQ(check_absolute_path(good), "") << good;
  for (const auto* bad : {"a", "/", "//", "/a/../b", "./a"})
    EXPECT_NE(check_absolute_path(bad), "") << bad;
  EXPECT_EQ(check_region("eu-west-3"), "");
  EXPECT_NE(check_region(""), "");
  EXPECT_EQ(check_storage_class(""), "");
  EXPECT_NE(check_storage_class("a b"), "");
}

TEST(UrlChecks, prices_are_exact) {
  EXPECT_EQ(parse_price("0"), 0);
  EXPECT_EQ(parse_price("12"), 12'000'000);
  EXPECT_EQ(parse_price("0.000001"), 1);
  EXPECT_EQ(parse_price("999999999.999999"), 999'999'999'999'999);
  for (const auto* bad : {"", ".", "1.", ".5", "-1", "1e3", "1,5", "0.0000001", "1234567890", "1 "})
    EXPECT_EQ(parse_price(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace shoal::app
