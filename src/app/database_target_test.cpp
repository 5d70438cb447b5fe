#include "app/database_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config/load.h"

namespace shoal::app {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(DatabaseTarget, what_the_url_leaves_out_comes_from_the_configuration) {
  Config::Database configured;
  configured.password = "from the environment";
  configured.pool_max = 7;
  const auto target = target_of("postgresql://alice@db.example.org/catalogue", configured);
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ(target->engine, "postgresql");
  EXPECT_EQ(target->hostname, "db.example.org");
  EXPECT_EQ(target->port, 5432);
  EXPECT_EQ(target->name, "catalogue");
  EXPECT_EQ(target->username, "alice");
  EXPECT_EQ(target->password, "from the environment");
  EXPECT_EQ(target->pool_max, 7);
  EXPECT_FALSE(target->ssl);
}

TEST(DatabaseTarget, its_section_is_one_that_the_server_reads) {
  const auto target =
      target_of("postgresql://al%27ice:secret@%2Frun%2Fpg:6432/cat?sslmode=require", {});
  ASSERT_TRUE(target) << target.error().message;
  const std::string section = database_section(*target);
  EXPECT_THAT(section, Not(HasSubstr("secret")));
  const LoadedConfig loaded = load_config(section, "shoal.yaml", {});
  EXPECT_TRUE(loaded.problems.empty());
  const Config::Database& read = loaded.config.database;
  EXPECT_EQ(read.engine, "postgresql");
  EXPECT_EQ(read.hostname, "/run/pg");
  EXPECT_EQ(read.port, 6432);
  EXPECT_TRUE(read.ssl);
  EXPECT_EQ(read.name, "cat");
  EXPECT_EQ(read.username, "al'ice");
}

TEST(DatabaseTarget, what_the_configuration_cannot_say_is_refused) {
  for (const char* url : {"postgresql://h/d?sslmode=verify-full", "postgresql://h/d?sslkey=k",
                          "postgresql://h1:1,h2:2/d", "postgresql://h:99999/d"})
    EXPECT_FALSE(target_of(url, {})) << url;
}

}  // namespace
}  // namespace shoal::app
