#include "app/room_configs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config/load.h"
#include "processing/pipeline/graph.h"
#include "tests/support/temporary_directory.h"

namespace shoal::app {
namespace {

using testing::HasSubstr;

TEST(RoomConfigs, a_vanished_postgresql_server_is_noticed) {
  Config config;
  config.database.engine = "postgresql";
  config.database.password = "it's";
  const std::string url = database_config(config, "/data").postgresql_url;
  for (const char* setting : {"connect_timeout=5", "keepalives=1", "keepalives_idle=10",
                              "tcp_user_timeout=20000", "password='it\\'s'"})
    EXPECT_THAT(url, HasSubstr(setting));
}

TEST(RoomConfigs, a_replica_is_the_primary_elsewhere) {
  Config config;
  config.database.engine = "postgresql";
  config.database.port = 5433;
  config.database.replicas = {"db-2", "[::1]:6000"};
  const db::DatabaseConfig made = database_config(config, "/data");
  ASSERT_EQ(made.replicas.size(), 2);
  EXPECT_EQ(made.replicas[0].name, "db-2");
  EXPECT_THAT(made.replicas[0].url, HasSubstr("host='db-2' port=5433 "));
  EXPECT_THAT(made.replicas[1].url, HasSubstr("host='::1' port=6000 "));
}

processing::PipelineConfig pipeline_of(const std::string& yaml) {
  tests::TemporaryDirectory folder;
  io::PosixFileSystem files;
  const auto directory = DataDirectory::claim(folder.path(), files);
  const auto loaded = load_config(yaml, "f", {});
  EXPECT_TRUE(loaded.problems.empty());
  return pipeline_config(loaded.config, *directory);
}

TEST(RoomConfigs, processing_keeps_what_the_administrator_says) {
  tests::TemporaryDirectory folder;
  io::PosixFileSystem files;
  const auto directory = DataDirectory::claim(folder.path(), files);
  ASSERT_TRUE(directory);
  Config config;
  EXPECT_EQ(pipeline_config(config, *directory).trash_for, std::chrono::hours{24});
  EXPECT_FALSE(pipeline_config(config, *directory).keep_original);
  config.storage.trash_period = std::chrono::hours{2};
  config.transcoding.keep_original = true;
  EXPECT_EQ(pipeline_config(config, *directory).trash_for, std::chrono::hours{2});
  EXPECT_TRUE(pipeline_config(config, *directory).keep_original);
}

TEST(RoomConfigs, who_lacks_a_label_leaves_the_kind_to_others) {
  const std::string needs = "jobs: {needs: {encode: [gpu, av1], rendition: [gpu]}}\n";
  using Kinds = std::set<std::string, std::less<>>;
  EXPECT_EQ(pipeline_of(needs).left_to_others, (Kinds{"video-encode", "video-rendition"}));
  EXPECT_EQ(pipeline_of(needs + "cluster: {node: {labels: [gpu]}}\n").left_to_others,
            Kinds{"video-encode"});
  EXPECT_EQ(pipeline_of(needs + "cluster: {node: {labels: [gpu, av1, x]}}\n").left_to_others,
            Kinds{});
}

TEST(RoomConfigs, a_limit_is_the_kinds_own) {
  const auto limits = pipeline_of("jobs: {concurrency: {encode: 2}}\n").limits;
  EXPECT_EQ(limits.at("video-encode"), 2u);
  EXPECT_EQ(limits.at("video-audio"), static_cast<std::size_t>(Config::Jobs::k_unbounded));
}

TEST(RoomConfigs, its_kinds_are_those_of_the_pipeline) {
  std::vector<std::string> kinds;
  for (const auto& [kind, limit] : pipeline_of("").limits) kinds.push_back(kind);
  std::vector<std::string> all;
  for (const std::string_view kind :
       {processing::k_audio, processing::k_copy, processing::k_encode, processing::k_finish,
        processing::k_package, processing::k_pictures, processing::k_prepare, processing::k_publish,
        processing::k_rendition, processing::k_storyboard})
    all.emplace_back(kind);
  EXPECT_EQ(kinds, all);
}

}  // namespace
}  // namespace shoal::app
