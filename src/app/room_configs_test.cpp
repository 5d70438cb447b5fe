#include "app/room_configs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace shoal::app
