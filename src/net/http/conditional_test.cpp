#include "net/http/conditional.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace shoal::net {
namespace {

struct ConditionalTest : testing::Test {
  Validators current{"\"abc\"", from_millis(1'795'347'901'234)};
  std::string same = to_http_date(current.modified);
  std::string before = to_http_date(current.modified - Seconds(10));
  Headers headers;
};

TEST_F(ConditionalTest, matching_tag_or_time_is_not_modified) {
  headers.set("If-None-Match", "\"x\", W/\"abc\"");
  EXPECT_EQ(check_preconditions(headers, current), Precondition::not_modified);
  headers.set("If-None-Match", "*");
  EXPECT_EQ(check_preconditions(headers, current), Precondition::not_modified);
  headers.remove("If-None-Match");
  headers.set("If-Modified-Since", same);
  EXPECT_EQ(check_preconditions(headers, current), Precondition::not_modified);
  headers.set("If-Modified-Since", before);
  EXPECT_EQ(check_preconditions(headers, current), Precondition::proceed);
}

TEST_F(ConditionalTest, a_tag_that_differs_beats_a_time_that_matches) {
  headers.set("If-None-Match", "\"x\"");
  headers.set("If-Modified-Since", same);
  EXPECT_EQ(check_preconditions(headers, current), Precondition::proceed);
}

TEST_F(ConditionalTest, if_match_needs_a_strong_tag) {
  headers.set("If-Match", "W/\"abc\"");
  EXPECT_EQ(check_preconditions(headers, current), Precondition::failed);
  headers.set("If-Match", "\"abc\"");
  EXPECT_EQ(check_preconditions(headers, current), Precondition::proceed);
  headers.remove("If-Match");
  headers.set("If-Unmodified-Since", before);
  EXPECT_EQ(check_preconditions(headers, current), Precondition::failed);
}

TEST_F(ConditionalTest, if_range_asks_for_exactly_this_representation) {
  EXPECT_TRUE(if_range_holds(headers, current));
  headers.set("If-Range", "\"abc\"");
  EXPECT_TRUE(if_range_holds(headers, current));
  for (const std::string& other :
       {std::string("\"x\""), std::string("W/\"abc\""), before, std::string("yesterday")}) {
    headers.set("If-Range", other);
    EXPECT_FALSE(if_range_holds(headers, current)) << other;
  }
  headers.set("If-Range", same);
  EXPECT_TRUE(if_range_holds(headers, current));
}

}  // namespace
}  // namespace shoal::net
