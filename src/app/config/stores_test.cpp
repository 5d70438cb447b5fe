#include "app/config/stores.h"

#include <gtest/gtest.h>

#include "app/config/load.h"
#include "app/config/store_names.h"

namespace shoal::app {
namespace {

using Texts = std::vector<std::string>;

Texts problems_of(std::string_view yaml, const Texts& environment = {}) {
  Texts texts;
  for (const auto& problem : load_config(yaml, "shoal.yaml", environment).problems)
    texts.push_back(problem.text());
  return texts;
}

TEST(Stores, without_a_word_everything_is_local) {
  const auto loaded = load_config("stores:\n", "f", {});
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_TRUE(loaded.config.stores.empty());
  for (const auto& home : {loaded.config.homes.renditions, loaded.config.homes.running})
    EXPECT_EQ(home, k_local_store);
  EXPECT_EQ(loaded.config.storage.staging_limit, 20_GiB);
  EXPECT_EQ(loaded.config.storage.cache_limit, ByteCount{0});
}

TEST(Stores, every_key_of_a_store_is_read) {
  const auto loaded = load_config(R"(
stores:
  second-disk: {type: local, path: /mnt/media2}
  archive:
    type: s3
    endpoint: http://s3.example.org:9000
    region: eu-west-3
    bucket: videos
    prefix: cold/
    force_path_style: true
    credentials: {access_key_id: key, secret_access_key: secret}
    upload_acl: {public: null, private: none}
    storage_class: STANDARD_IA
    max_upload_part: 5MB
    max_request_attempts: 20
    max_connections: 1
    base_urls: ["https://cdn1.example.org/ 3", https://cdn2.example.org/media]
    purge_url: https://cdn.example.org/purge?zone=7
    serve_public: redirect
    serve_private: presigned
    upload_rate: 10MB
    download_rate: 20MB
    request_rate: 100
    price: {storage_gb_month: 0.023, egress_gb: "0.09", put_1000: 0.005, get_1000: 0.0004}
homes: {renditions: archive, originals: second-disk}
storage: {staging_limit: 0, cache_limit: 5GB}
)",
                                  "f", {});
  EXPECT_TRUE(loaded.problems.empty()) << loaded.problems.front().text();
  ASSERT_EQ(loaded.config.stores.size(), 2u);
  const auto& s3 = loaded.config.stores[0];
  EXPECT_EQ(s3.name, "archive");
  EXPECT_EQ(s3.type, "s3");
  EXPECT_EQ(s3.endpoint, "http://s3.example.org:9000");
  EXPECT_EQ(s3.region, "eu-west-3");
  EXPECT_EQ(s3.bucket, "videos");
  EXPECT_EQ(s3.prefix, "cold/");
  EXPECT_TRUE(s3.force_path_style);
  EXPECT_EQ(s3.credentials.access_key_id, "key");
  EXPECT_EQ(s3.credentials.secret_access_key, "secret");
  EXPECT_EQ(s3.upload_acl.of_public, "none");
  EXPECT_EQ(s3.upload_acl.of_private, "none");
  EXPECT_EQ(s3.storage_class, "STANDARD_IA");
  EXPECT_EQ(s3.max_upload_part, 5_MiB);
  EXPECT_EQ(s3.max_request_attempts, 20);
  EXPECT_EQ(s3.max_connections, 1);
  EXPECT_EQ(s3.weighted_base_urls(),
            (std::vector<StoreConfig::BaseUrl>{{"https://cdn1.example.org", 3},
                                               {"https://cdn2.example.org/media", 1}}));
  EXPECT_EQ(s3.purge_url, "https://cdn.example.org/purge?zone=7");
  EXPECT_EQ(s3.serve_public, "redirect");
  EXPECT_EQ(s3.serve_private, "presigned");
  EXPECT_EQ(s3.upload_rate, 10_MiB);
  EXPECT_EQ(s3.download_rate, 20_MiB);
  EXPECT_EQ(s3.request_rate, 100);
  EXPECT_EQ(parse_price(s3.price.storage_gb_month), 23'000);
  EXPECT_EQ(parse_price(s3.price.get_1000), 400);
  const auto& disk = loaded.config.stores[1];
  EXPECT_EQ(disk.name, "second-disk");
  EXPECT_EQ(disk.path, "/mnt/media2");
  EXPECT_EQ(disk.serve_public, "proxy");
  EXPECT_EQ(loaded.config.homes.renditions, "archive");
  EXPECT_EQ(loaded.config.homes.originals, "second-disk");
  EXPECT_EQ(loaded.config.homes.captions, "local");
  EXPECT_EQ(loaded.config.storage.staging_limit, ByteCount{0});
  EXPECT_EQ(loaded.config.storage.cache_limit, 5_GiB);
}

TEST(Stores, the_environment_names_stores_too) {
  const auto loaded = load_config(
      "stores: {archive: {type: s3, endpoint: s3.example.org}}\n", "f",
      {"SHOAL__STORES__ARCHIVE__BUCKET=videos", "SHOAL__HOMES__RENDITIONS=archive",
       "SHOAL__STORES__SECOND_DISK__TYPE=local", "SHOAL__STORES__SECOND-DISK__PATH=/mnt/media2",
       "SHOAL__STORES__ARCHIVE__BASE_URLS=https://a.example 2, https://b.example"});
  EXPECT_TRUE(loaded.problems.empty()) << loaded.problems.front().text();
  ASSERT_EQ(loaded.config.stores.size(), 2u);
  EXPECT_EQ(loaded.config.stores[0].bucket, "videos");
  EXPECT_EQ(loaded.config.stores[0].base_urls, (Texts{"https://a.example 2", "https://b.example"}));
  EXPECT_EQ(loaded.config.stores[1].name, "second-disk");
  EXPECT_EQ(loaded.config.stores[1].path, "/mnt/media2");
}

TEST(Stores, names_are_checked_once_and_their_keys_left_out) {
  EXPECT_EQ(problems_of("stores:\n  Archive:\n    type: s3\n    bucket: b\n  local:\n"
                        "    path: /x\n  object-storage-1: {type: s3}\n  a_b: {type: s3}\n"
                        "  'null': {type: s3}\n",
                        {"SHOAL__STORES__LOCAL__TYPE=s3", "SHOAL__STORES__-A__TYPE=s3"}),
            (Texts{
                ("shoal.yaml:3: stores.Archive: is no name of a store; give 1 to 32 of a-z, 0-9 "
                 "and, between them, -, such as archive"),
                ("shoal.yaml:6: stores.local: is the folder below storage.data, which has no "
                 "settings; give another name"),
                ("shoal.yaml:7: stores.object-storage-1: is a name as object_storage makes them; "
                 "give one that does not begin with object-storage-"),
                ("shoal.yaml:8: stores.a_b: is no name of a store; give 1 to 32 of a-z, 0-9 and, "
                 "between them, -, such as archive"),
                "shoal.yaml:9: stores.null: is no name of a store; give another name",
                ("environment SHOAL__STORES__-A__TYPE: stores.-a: is no name of a store; give 1 to "
                 "32 of a-z, 0-9 and, between them, -, such as archive"),
            }));
  EXPECT_EQ(check_store_name(std::string(32, 'a')), "");
  EXPECT_NE(check_store_name(std::string(33, 'a')), "");
  EXPECT_NE(check_store_name(""), "");
}

TEST(Stores, there_are_at_most_32) {
  std::string yaml = "stores:\n";
  for (int i = 0; i < 34; ++i)
    yaml += fmt::format("  d{0:02}: {{type: local, path: /mnt/{0}}}\n", i);
  const auto loaded = load_config(yaml, "f", {});
  ASSERT_EQ(loaded.problems.size(), 1u);
  EXPECT_EQ(loaded.problems[0].text(),
            "f:34: stores.d32: is one store more than the 32 there may be; remove some");
  EXPECT_EQ(loaded.config.stores.size(), 32u);
}

TEST(Stores, an_unknown_key_suggests_the_nearest) {
  EXPECT_EQ(
      problems_of("stores:\n  disk:\n    type: local\n    path: /a\n    prise: {egress_gb: 1}\n"
                  "    secret_access_key: x\nstore:\n  old:\n    path: /b\n"
                  "homes: {rendition: disk}\n"),
      (Texts{
          ("shoal.yaml:5: stores.disk.prise.egress_gb: is no key of Shoal; did you mean "
           "stores.disk.price.egress_gb?"),
          ("shoal.yaml:6: stores.disk.secret_access_key: is no key of Shoal; did you mean "
           "stores.disk.credentials.secret_access_key?"),
          "shoal.yaml:9: store.old.path: is no key of Shoal; did you mean stores.old.path?",
          "shoal.yaml:10: homes.rendition: is no key of Shoal; did you mean homes.renditions?",
      }));
  EXPECT_EQ(problems_of("stores: 5\n"),
            (Texts{"shoal.yaml:1: stores: is a section; its keys go on the lines below it, "
                   "indented"}));
}

TEST(Stores, wrong_values_are_all_named_with_their_lines) {
  EXPECT_EQ(
      problems_of(
          "stores:\n  a:\n    type: s4\n    endpoint: s3.example.org\n    bucket: Videos\n"
          "    prefix: /cold\n    max_upload_part: 1MB\n    upload_acl:\n      public: all\n"
          "    base_urls: ['https://c.example?x=1', https://c.example 0]\n"
          "    price: {egress_gb: cheap}\n    serve_private: redirect\n"),
      (Texts{
          "shoal.yaml:3: stores.a.type: 's4' does not fit; give one of s3, local",
          ("shoal.yaml:5: stores.a.bucket: 'Videos' is no name of a bucket; give 3 to 63 of a-z, "
           "0-9, '.' and '-' that begin and end with a letter or digit"),
          ("shoal.yaml:6: stores.a.prefix: '/cold' is no prefix; give letters, digits, '.', '_', "
           "'-' and '/' with '/' at the end and none at the start, such as cold/"),
          ("shoal.yaml:7: stores.a.max_upload_part: '1MB' does not fit; give a size such as 10GB, "
           "from 5MB to 5GB"),
          ("shoal.yaml:9: stores.a.upload_acl.public: 'all' does not fit; give one of none, "
           "private, public-read, authenticated-read, aws-exec-read, bucket-owner-read, "
           "bucket-owner-full-control"),
          "shoal.yaml:10: stores.a.base_urls: 'https://c.example?x=1' has a query (?…); remove it",
          ("shoal.yaml:11: stores.a.price.egress_gb: 'cheap' is no price; give a decimal number "
           "such as 0.023, with at most six digits behind the point"),
          ("shoal.yaml:12: stores.a.serve_private: 'redirect' does not fit; give one of presigned, "
           "proxy"),
      }));
}

TEST(Stores, show_gives_back_what_was_read) {
  const auto loaded = load_config(
      ("stores:\n  a: {type: s3, endpoint: e.example, bucket: bbb, upload_acl: {public: null}, "
       "base_urls: ['https://c.example 3']}\n  7: {type: local, path: /a}\nhomes: {captions: a}\n"),
      "f", {});
  ASSERT_TRUE(loaded.problems.empty()) << loaded.problems.front().text();
  const auto text = show_config(loaded.config);
  EXPECT_NE(text.find("\nstores:\n  7:\n    type: 'local'\n    path: '/a'\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("    serve_public: 'proxy'  # default\n"), std::string::npos);
  EXPECT_NE(text.find("    upload_acl:\n      public: 'none'\n"), std::string::npos);
  const auto again = load_config(text, "shown", {});
  EXPECT_TRUE(again.problems.empty()) << again.problems.front().text();
  EXPECT_EQ(show_config(again.config), text);
}

}  // namespace
}  // namespace shoal::app
