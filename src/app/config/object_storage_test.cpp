#include "app/config/object_storage.h"

#include <gtest/gtest.h>

#include "app/config/load.h"

namespace shoal::app {
namespace {

using Texts = std::vector<std::string>;

Config config_of(std::string_view yaml) {
  auto loaded = load_config(yaml, "shoal.yaml", {});
  for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.text();
  return std::move(loaded.config);
}

Texts problems_of(std::string_view yaml) {
  Texts texts;
  for (const auto& problem : load_config(yaml, "shoal.yaml", {}).problems)
    texts.push_back(problem.text());
  return texts;
}

const StoreConfig& store_of(const Config& config, const std::string& name) {
  const auto found = std::ranges::find(config.stores, name, &StoreConfig::name);
  EXPECT_NE(found, config.stores.end()) << name;
  return *found;
}

/// As an administrator of PeerTube 6 to 9 has it, sections that mean nothing here among them.
constexpr std::string_view k_production = R"(
object_storage:
  enabled: true
  endpoint: 's3.fr-par.scw.cloud'
  region: 'fr-par'
  force_path_style: false
  upload_acl:
    public: 'public-read'
    private: 'private'
  proxy:
    proxify_private_files: true
  credentials:
    access_key_id: 'key'
    secret_access_key: 'secret'
  max_upload_part: 100MB
  max_request_attempts: 3
  streaming_playlists:
    bucket_name: 'streaming-playlists'
    prefix: ''
    base_url: 'https://mirror.example.org/'
    store_live_streams: true
  web_videos:
    bucket_name: 'web-videos'
    prefix: ''
    base_url: ''
  user_exports:
    bucket_name: 'peertube'
    prefix: 'user-exports:'
    base_url: ''
  original_video_files:
    bucket_name: 'peertube'
    prefix: 'original-video-files/'
    base_url: ''
  captions: {bucket_name: peertube, prefix: captions/, base_url: null}
  thumbnails: {enabled: false, bucket_name: peertube, prefix: thumbnails/, base_url: ''}
  storyboards: {bucket_name: '', prefix: '', base_url: ''}
  avatars: {bucket_name: peertube, prefix: avatars/, base_url: ''}
  torrents: {bucket_name: peertube, prefix: torrents/, base_url: ''}
  uploads: {bucket_name: peertube, prefix: uploads/, base_url: ''}
  cache: {bucket_name: peertube, prefix: cache/, base_url: ''}
  redundancy: {bucket_name: peertube, prefix: redundancy/, base_url: ''}
  staging: {bucket_name: peertube, prefix: staging/}
)";

TEST(ObjectStorage, a_copied_production_file_means_the_same) {
  const auto config = config_of(k_production);
  EXPECT_EQ(config.stores.size(), 4u);
  const auto& renditions = store_of(config, config.homes.renditions);
  EXPECT_EQ(config.homes.running, renditions.name);
  EXPECT_EQ(renditions.type, "s3");
  EXPECT_EQ(renditions.endpoint, "s3.fr-par.scw.cloud");
  EXPECT_EQ(renditions.region, "fr-par");
  EXPECT_EQ(renditions.bucket, "streaming-playlists");
  EXPECT_EQ(renditions.prefix, "");
  EXPECT_EQ(renditions.credentials.secret_access_key, "secret");
  EXPECT_EQ(renditions.max_upload_part, 100_MiB);
  EXPECT_EQ(renditions.weighted_base_urls(),
            (std::vector<StoreConfig::BaseUrl>{{"https://mirror.example.org", 1}}));
  EXPECT_EQ(renditions.serve_public, "redirect");
  EXPECT_EQ(renditions.serve_private, "proxy");
  EXPECT_EQ(store_of(config, config.homes.exports).prefix, "user-exports:");
  EXPECT_EQ(store_of(config, config.homes.originals).prefix, "original-video-files/");
  EXPECT_EQ(store_of(config, config.homes.captions).serve_public, "redirect");
  EXPECT_EQ(config.homes.thumbnails, "local");
  EXPECT_EQ(config.homes.storyboards, "local");
  EXPECT_TRUE(std::ranges::is_sorted(config.stores, {}, &StoreConfig::name));
  for (const auto& store : config.stores) EXPECT_LE(store.name.size(), 32u);
}

TEST(ObjectStorage, disabled_it_makes_nothing) {
  std::string yaml(k_production);
  yaml.replace(yaml.find("enabled: true"), 13, "enabled: false");
  const auto config = config_of(yaml);
  EXPECT_TRUE(config.stores.empty());
  EXPECT_EQ(config.homes.renditions, "local");
  EXPECT_EQ(problems_of("object_storage:\n  enabled: false\n  streaming_playlists:\n"
                        "    bucket_name: streaming-playlists\n"),
            Texts{});
}

TEST(ObjectStorage, explicit_homes_win) {
  const auto config = config_of(
      std::string(k_production) +
      "stores: {disk: {type: local, path: /a}}\nhomes: {captions: disk, running: local}\n");
  EXPECT_EQ(config.homes.captions, "disk");
  EXPECT_EQ(config.homes.running, "local");
  EXPECT_NE(config.homes.renditions, "local");
}

TEST(ObjectStorage, one_bucket_and_prefix_is_one_store_whose_name_stays) {
  const std::string head = "object_storage:\n  enabled: true\n  endpoint: e.example\n";
  const auto alone = config_of(head + "  captions: {bucket_name: media}\n");
  const auto name = alone.homes.captions;
  // The name is in rows of databases: this very text must never change.
  EXPECT_EQ(name, "object-storage-5704f138");
  const auto both = config_of(head +
                              "  region: x\n  captions: {bucket_name: media, base_url: "
                              "'https://c.example'}\n  streaming_playlists: {bucket_name: media, "
                              "base_url: 'https://s.example'}\n"
                              "  thumbnails: {bucket_name: media, prefix: t/}\n");
  EXPECT_EQ(both.homes.captions, name);
  EXPECT_EQ(both.homes.renditions, name);
  EXPECT_NE(both.homes.thumbnails, name);
  EXPECT_EQ(both.stores.size(), 2u);
  EXPECT_EQ(store_of(both, name).base_urls, (Texts{"https://s.example", "https://c.example"}));
}

TEST(ObjectStorage, without_acl_and_base_url_public_files_are_presigned) {
  const auto config = config_of(
      "object_storage:\n  enabled: true\n  endpoint: https://s3.example.org\n  upload_acl:\n"
      "    public: null\n    private: null\n  proxy: {proxify_private_files: false}\n"
      "  streaming_playlists: {bucket_name: media}\n"
      "  captions: {bucket_name: media, prefix: c/, base_url: 'https://c.example'}\n");
  const auto& renditions = store_of(config, config.homes.renditions);
  EXPECT_EQ(renditions.upload_acl.of_public, "none");
  EXPECT_EQ(renditions.upload_acl.of_private, "none");
  EXPECT_EQ(renditions.serve_public, "presigned");
  EXPECT_EQ(renditions.serve_private, "presigned");
  EXPECT_EQ(store_of(config, config.homes.captions).serve_public, "redirect");
}

TEST(ObjectStorage, with_path_style_the_bucket_follows_the_base_url) {
  const auto config = config_of(
      "object_storage:\n  enabled: true\n  endpoint: e.example\n  force_path_style: true\n"
      "  streaming_playlists: {bucket_name: media, base_url: 'https://c.example/'}\n");
  EXPECT_EQ(store_of(config, config.homes.renditions).base_urls, Texts{"https://c.example/media"});
}

TEST(ObjectStorage, what_is_missing_is_named_with_its_line) {
  EXPECT_EQ(problems_of("listen: {port: 1}\nobject_storage:\n  enabled: true\n  credentials:\n"
                        "    access_key_id: x\n  web_videos:\n    bucket_name: w\n"),
            (Texts{
                ("shoal.yaml:3: object_storage.endpoint: is missing; give the provider's host, "
                 "such as s3.eu-west-3.amazonaws.com"),
                ("shoal.yaml:5: object_storage.credentials.access_key_id: is set without "
                 "object_storage.credentials.secret_access_key; give both, or none to take those "
                 "of the AWS_* environment"),
                ("shoal.yaml:3: object_storage.enabled: is true but no section names a bucket for "
                 "what Shoal keeps; give object_storage.streaming_playlists.bucket_name, or set it "
                 "to false"),
            }));
  EXPECT_EQ(problems_of("object_storage:\n  enable: true\n  streaming_playlist: {prefix: a}\n"),
            (Texts{
                ("shoal.yaml:2: object_storage.enable: is no key of Shoal; did you mean "
                 "object_storage.enabled?"),
                ("shoal.yaml:3: object_storage.streaming_playlist.prefix: is no key of Shoal; did "
                 "you mean object_storage.streaming_playlists.prefix?"),
            }));
}

TEST(ObjectStorage, a_store_of_its_own_in_the_same_place_is_a_problem) {
  for (const auto* name : {"archive", "zz"})
    EXPECT_EQ(
        problems_of(fmt::format("object_storage:\n  enabled: true\n  endpoint: e.example\n"
                                "  captions: {{bucket_name: media}}\n"
                                "stores:\n  {}: {{type: s3, endpoint: e.example, bucket: media}}\n",
                                name)),
        Texts{fmt::format("shoal.yaml:6: stores.{}.bucket: is the same place as that of "
                          "object_storage; give it another folder, bucket or prefix, or "
                          "remove one of the two",
                          name)});
}

TEST(ObjectStorage, its_stores_count_too) {
  std::string yaml(k_production);
  yaml += "stores:\n";
  for (int i = 0; i < 29; ++i) yaml += fmt::format("  d{0}: {{type: local, path: /mnt/{0}}}\n", i);
  EXPECT_EQ(problems_of(yaml),
            Texts{"shoal.yaml:3: object_storage.enabled: makes 33 stores in all, with those of "
                  "stores; there may be 32"});
}

TEST(ObjectStorage, show_gives_back_what_was_read) {
  const auto config = config_of(k_production);
  const auto text = show_config(config);
  EXPECT_EQ(text.find("'secret'"), std::string::npos);
  EXPECT_EQ(text.find("stores:\n"), std::string::npos);
  EXPECT_NE(text.find(fmt::format("renditions: '{}'\n", config.homes.renditions)),
            std::string::npos);
  const auto again = config_of(text);
  EXPECT_EQ(show_config(again), text);
  EXPECT_EQ(again.stores.size(), config.stores.size());
}

}  // namespace
}  // namespace shoal::app
