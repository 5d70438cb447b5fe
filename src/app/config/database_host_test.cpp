#include "app/config/database_host.h"

#include <gtest/gtest.h>

namespace shoal::app {
namespace {

TEST(DatabaseHost, is_a_name_an_address_or_a_folder_with_or_without_a_port) {
  EXPECT_EQ(parse_database_host("db-2"), (DatabaseHost{"db-2"}));
  EXPECT_EQ(parse_database_host("10.0.0.2:5433"), (DatabaseHost{"10.0.0.2", 5433}));
  EXPECT_EQ(parse_database_host("[::1]"), (DatabaseHost{"::1"}));
  EXPECT_EQ(parse_database_host("[::1]:6000"), (DatabaseHost{"::1", 6000}));
  EXPECT_EQ(parse_database_host("/run/postgresql"), (DatabaseHost{"/run/postgresql"}));
  EXPECT_EQ(check_database_host("db-2"), "");
}

TEST(DatabaseHost, everything_else_is_refused) {
  for (const char* text : {"", ":5432", "db:", "db:0", "db:65536", "db:x", "a,b", "a b", "[::1",
                           "[::1]5432", "::1", "db'", "/run/a b"}) {
    EXPECT_FALSE(parse_database_host(text)) << text;
    EXPECT_NE(check_database_host(text), "") << text;
  }
}

}  // namespace
}  // namespace shoal::app
