#include "db/session.h"

#include <gtest/gtest.h>

namespace shoal::db {
namespace {

TEST(Row, null_reads_as_nothing) {
  const Row row({std::nullopt, "7", "text"});
  EXPECT_TRUE(row.is_null(0));
  EXPECT_EQ(row.integer(0), 0);
  EXPECT_EQ(row.text(0), "");
  EXPECT_EQ(row.optional_integer(0), std::nullopt);
  EXPECT_EQ(row.optional_time(0), std::nullopt);
  EXPECT_EQ(row.integer(1), 7);
  EXPECT_EQ(row.optional_text(2), "text");
}

TEST(Row, numbers_keep_all_their_digits) {
  const Row row({"9223372036854775807", "-9223372036854775808", "0.1", "1e300"});
  EXPECT_EQ(row.integer(0), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(row.integer(1), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(row.real(2), 0.1);
  EXPECT_EQ(row.real(3), 1e300);
}

TEST(RowDeathTest, a_text_that_is_no_number_is_a_bug) {
  const Row row({"seven"});
  EXPECT_DEATH((void)row.integer(0), "number");
}

TEST(InList, is_padded_to_a_power_of_two) {
  EXPECT_EQ(in_list(1), "(:p0)");
  EXPECT_EQ(in_list(3, "id"), "(:id0, :id1, :id2, :id3)");
  std::vector<Value> arguments{1, 2, 3};
  pad_list(arguments, 3);
  ASSERT_EQ(arguments.size(), 4u);
  EXPECT_EQ(std::get<std::int64_t>(arguments[3].data()), 3);
}

}  // namespace
}  // namespace shoal::db
