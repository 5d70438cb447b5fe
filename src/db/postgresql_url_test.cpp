#include "db/postgresql_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal::db {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(PostgresqlUrl, says_what_it_holds_and_nothing_else) {
  const auto all =
      parse_postgresql_url("postgresql://al%40ice:p%2Fw@[::1]:6432/cat?sslmode=require");
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_THAT(*all, UnorderedElementsAre(Pair("user", "al@ice"), Pair("password", "p/w"),
                                         Pair("host", "::1"), Pair("port", "6432"),
                                         Pair("dbname", "cat"), Pair("sslmode", "require")));
  EXPECT_THAT(*parse_postgresql_url("postgres://db.example.org"),
              UnorderedElementsAre(Pair("host", "db.example.org")));
}

TEST(PostgresqlUrl, what_cannot_be_read_is_refused_without_being_repeated) {
  for (const char* text : {"mysql://u:secret@h/d", "postgresql://u:secret%zz@h/d", "secret"}) {
    const auto refused = parse_postgresql_url(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
    EXPECT_THAT(refused.error().message, Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace shoal::db
