#include "app/config/store_checks.h"

#include <gtest/gtest.h>

#include "app/config/load.h"

namespace shoal::app {
namespace {

using Texts = std::vector<std::string>;

Texts problems_of(std::string_view yaml, const Texts& environment = {}) {
  Texts texts;
  for (const auto& problem : load_config(yaml, "shoal.yaml", environment).problems)
    texts.push_back(problem.text());
  return texts;
}

TEST(StoreChecks, what_a_type_needs_is_named_at_the_store) {
  EXPECT_EQ(problems_of("stores:\n  a:\n    region: x\n  b:\n    type: s3\n  c: {type: local}\n"
                        "  d:\n"),
            (Texts{
                "shoal.yaml:3: stores.a.type: is missing; give s3 or local",
                ("shoal.yaml:5: stores.b.endpoint: is missing; give the provider's host, such as "
                 "s3.eu-west-3.amazonaws.com"),
                "shoal.yaml:5: stores.b.bucket: is missing; give the bucket's name",
                ("shoal.yaml:6: stores.c.path: is missing; give the store's folder, such as "
                 "/mnt/media"),
                "shoal.yaml:7: stores.d.type: is missing; give s3 or local",
            }));
}

TEST(StoreChecks, keys_of_the_other_type_are_refused) {
  EXPECT_EQ(
      problems_of("stores:\n  disk:\n    type: local\n    path: /a\n    bucket: videos\n"
                  "    credentials: {access_key_id: x}\n    serve_public: presigned\n"
                  "    serve_private: presigned\n    region: us-east-1\n"
                  "  s:\n    type: s3\n    endpoint: a.example\n    bucket: b-1\n    path: /b\n"),
      (Texts{
          "shoal.yaml:5: stores.disk.bucket: is for stores of type s3; remove it",
          ("shoal.yaml:6: stores.disk.credentials.access_key_id: is for stores of type s3; remove "
           "it"),
          ("shoal.yaml:7: stores.disk.serve_public: is presigned, which is for stores of type s3; "
           "give proxy, or redirect with base_urls"),
          ("shoal.yaml:8: stores.disk.serve_private: is presigned, which is for stores of type s3; "
           "give proxy"),
          "shoal.yaml:14: stores.s.path: is for stores of type local; remove it",
      }));
}

TEST(StoreChecks, half_credentials_are_a_problem_and_never_shown) {
  const std::string yaml =
      "stores:\n  a:\n    type: s3\n    endpoint: e.example\n    bucket: videos\n"
      "    credentials:\n      secret_access_key: hunter2\n";
  EXPECT_EQ(problems_of(yaml),
            (Texts{"shoal.yaml:7: stores.a.credentials.secret_access_key: is set without "
                   "stores.a.credentials.access_key_id; give both, or none to take those of the "
                   "AWS_* environment"}));
  EXPECT_EQ(show_config(load_config(yaml, "f", {}).config).find("hunter2"), std::string::npos);
  EXPECT_EQ(problems_of(yaml, {"SHOAL__STORES__A__CREDENTIALS__ACCESS_KEY_ID=id"}), Texts{});
}

TEST(StoreChecks, a_redirect_must_lead_somewhere) {
  const std::string s3 = "stores:\n  a:\n    type: s3\n    endpoint: e.example\n    bucket: bbb\n";
  EXPECT_EQ(problems_of(s3), Texts{});
  EXPECT_EQ(problems_of(s3 + "    upload_acl:\n      public:\n"),
            (Texts{"shoal.yaml:7: stores.a.upload_acl.public: is none and base_urls is empty, so "
                   "serve_public: redirect leads nowhere; give base_urls, or serve_public: "
                   "presigned or proxy"}));
  EXPECT_EQ(problems_of(s3 + "    upload_acl: {public: private}\n    serve_public: redirect\n"),
            (Texts{"shoal.yaml:7: stores.a.serve_public: is redirect but base_urls is empty and "
                   "upload_acl.public is not public-read; give base_urls, or serve_public: "
                   "presigned or proxy"}));
  for (const auto* serve : {"presigned", "proxy"})
    EXPECT_EQ(problems_of(s3 + "    upload_acl: {public: null}\n    serve_public: " + serve + "\n"),
              Texts{});
  EXPECT_EQ(
      problems_of(s3 + "    upload_acl: {public: none}\n    base_urls: [https://c.example]\n"),
      Texts{});
  const std::string local = "stores:\n  a:\n    type: local\n    path: /a\n";
  EXPECT_EQ(problems_of(local), Texts{});
  EXPECT_EQ(problems_of(local + "    serve_public: redirect\n").size(), 1u);
  EXPECT_EQ(problems_of(local + "    serve_public: redirect\n    base_urls: [https://c.example]\n"),
            Texts{});
}

TEST(StoreChecks, two_stores_never_share_a_place) {
  EXPECT_EQ(
      problems_of("stores:\n  a: {type: s3, endpoint: 'https://E.example/', bucket: bbb}\n"
                  "  b: {type: s3, endpoint: e.example, bucket: bbb}\n"
                  "  c: {type: s3, endpoint: e.example, bucket: bbb, prefix: c/}\n"
                  "  d: {type: local, path: /mnt/x}\n  e: {type: local, path: /mnt/./x/}\n"),
      (Texts{
          ("shoal.yaml:3: stores.b.bucket: is the same place as that of stores.a; give it another "
           "folder, bucket or prefix, or remove one of the two"),
          ("shoal.yaml:6: stores.e.path: is the same place as that of stores.d; give it another "
           "folder, bucket or prefix, or remove one of the two"),
      }));
}

TEST(StoreChecks, a_home_is_a_store) {
  EXPECT_EQ(problems_of("stores: {disk: {type: local, path: /a}}\nhomes:\n  captions: disc\n"
                        "  exports: ''\n  running: disk\n"),
            (Texts{"shoal.yaml:4: homes.exports: '' is empty; give a text, or remove the line for "
                   "the default",
                   "shoal.yaml:3: homes.captions: 'disc' is no store; give one of local, disk"}));
}

TEST(StoreChecks, uploads_wait_in_the_data_folder_or_in_a_bucket) {
  const std::string stores =
      "stores: {disk: {type: local, path: /a}, s: {type: s3, endpoint: s3.example, bucket: "
      "media}}\n";
  EXPECT_EQ(problems_of(stores + "homes: {uploads: s}\n"), Texts());
  EXPECT_EQ(problems_of(stores + "homes: {uploads: local}\n"), Texts());
  EXPECT_EQ(problems_of(stores + "homes:\n  uploads: disk\n"),
            (Texts{"shoal.yaml:3: homes.uploads: 'disk' is a folder; give local or an s3 store"}));
}

TEST(StoreChecks, base_urls_are_bounded) {
  std::string yaml = "stores: {a: {type: local, path: /a, base_urls: [";
  for (int i = 0; i < 17; ++i) yaml += fmt::format("https://c{}.example,", i);
  EXPECT_EQ(problems_of(yaml + "]}}\n"),
            (Texts{"shoal.yaml:1: stores.a.base_urls: has 17 URLs; give at most 16"}));
}

}  // namespace
}  // namespace shoal::app
