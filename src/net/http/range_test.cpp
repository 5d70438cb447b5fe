#include "net/http/range.h"

#include <gtest/gtest.h>

namespace shoal::net {
namespace {

void expect_partial(std::string_view header, std::uint64_t size, ByteSpan span) {
  const RangeAnswer answer = decide_range(header, size);
  EXPECT_EQ(answer.outcome, RangeOutcome::partial) << header;
  EXPECT_EQ(answer.span, span) << header << ": " << answer.span.begin << "-" << answer.span.end;
}

TEST(Range, one_closed_open_or_suffix_range_is_partial) {
  expect_partial("bytes=0-4", 10, {0, 5});
  expect_partial("bytes=5-", 10, {5, 10});
  expect_partial("bytes=-3", 10, {7, 10});
  expect_partial("bytes=-30", 10, {0, 10});
  expect_partial("bytes=2-99999999999999999999999", 10, {2, 10});
  expect_partial("Bytes = 9-9", 10, {9, 10});
}

TEST(Range, beyond_the_end_is_unsatisfiable) {
  for (const auto* header : {"bytes=10-", "bytes=10-20", "bytes=-0"})
    EXPECT_EQ(decide_range(header, 10).outcome, RangeOutcome::unsatisfiable) << header;
  EXPECT_EQ(decide_range("bytes=0-", 0).outcome, RangeOutcome::unsatisfiable);
  EXPECT_EQ(decide_range("bytes=-1", 0).outcome, RangeOutcome::unsatisfiable);
}

TEST(Range, what_is_malformed_or_asks_for_several_gets_the_whole) {
  for (const auto* header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "items=0-1", "bytes=0-1,3-4",
        "bytes=0--1", "bytes=+1-2", "bytes=1-2-3"})
    EXPECT_EQ(decide_range(header, 10).outcome, RangeOutcome::whole) << header;
  EXPECT_EQ(decide_range(std::nullopt, 10).outcome, RangeOutcome::whole);
}

TEST(Range, more_than_the_bound_of_ranges_is_refused) {
  std::string header = "bytes=0-0";
  for (std::size_t i = 0; i < k_max_ranges; ++i) header += ",0-0";
  EXPECT_FALSE(parse_range(header));
}

}  // namespace
}  // namespace shoal::net
