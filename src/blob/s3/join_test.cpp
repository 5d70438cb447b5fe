#include "blob/s3/join.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/random.h"
#include "blob/s3/multipart_plan.h"

namespace shoal::blob::s3 {
namespace {

using testing::ElementsAre;

constexpr std::uint64_t k_mib = std::uint64_t{1} << 20;

std::vector<JoinPart> plan(std::vector<std::uint64_t> sizes) {
  auto planned = plan_join(sizes);
  EXPECT_TRUE(planned) << planned.error().message;
  return planned.value_or(std::vector<JoinPart>());
}

std::uint64_t length_of(const JoinPart& part) {
  std::uint64_t length = 0;
  for (const JoinRange& range : part) length += range.length;
  return length;
}

TEST(PlanJoin, large_objects_are_copied_whole) {
  EXPECT_THAT(
      plan({64 * k_mib, 64 * k_mib, 3}),
      ElementsAre(JoinPart{{0, 0, 64 * k_mib}}, JoinPart{{1, 0, 64 * k_mib}}, JoinPart{{2, 0, 3}}));
}

TEST(PlanJoin, small_ones_are_gathered_until_they_are_a_part) {
  EXPECT_THAT(plan({2 * k_mib, 2 * k_mib, 2 * k_mib, 1}),
              ElementsAre(JoinPart{{0, 0, 2 * k_mib}, {1, 0, 2 * k_mib}, {2, 0, k_mib}},
                          JoinPart{{2, k_mib, k_mib}, {3, 0, 1}}));
}

TEST(PlanJoin, what_is_behind_a_small_one_is_copied_again) {
  EXPECT_THAT(plan({k_mib, 64 * k_mib}), ElementsAre(JoinPart{{0, 0, k_mib}, {1, 0, 4 * k_mib}},
                                                     JoinPart{{1, 4 * k_mib, 60 * k_mib}}));
}

TEST(PlanJoin, nothing_and_too_much_are_refused) {
  const std::vector<std::uint64_t> empty{0, 0};
  EXPECT_EQ(plan_join(empty).error().code, ErrorCode::invalid);
  EXPECT_EQ(plan_join({}).error().code, ErrorCode::invalid);
  const std::vector<std::uint64_t> large{k_max_object_size, 1};
  EXPECT_EQ(plan_join(large).error().code, ErrorCode::too_large);
}

TEST(PlanJoin, any_sizes_keep_the_limits_and_every_byte_once_in_order) {
  SeededRandom random(5);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::uint64_t> sizes(1 + random.below(round < 3 ? 30'000 : 60));
    const std::uint64_t largest = std::uint64_t{1} << (10 + random.below(24));
    for (std::uint64_t& size : sizes) size = random.below(largest);
    if (std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0}) == 0) continue;
    const std::vector<JoinPart> parts = plan(sizes);
    ASSERT_LE(parts.size(), 10'000U);
    std::size_t object = 0;
    std::uint64_t offset = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i + 1 < parts.size()) ASSERT_GE(length_of(parts[i]), k_min_part_size);
      ASSERT_LE(length_of(parts[i]), k_max_part_size);
      for (const JoinRange& range : parts[i]) {
        while (offset == sizes[object]) {
          ++object;
          offset = 0;
        }
        ASSERT_EQ(range.object, object);
        ASSERT_EQ(range.offset, offset);
        ASSERT_GT(range.length, 0U);
        offset += range.length;
        ASSERT_LE(offset, sizes[object]);
      }
    }
    while (object + 1 < sizes.size() && offset == sizes[object]) {
      ++object;
      offset = 0;
    }
    ASSERT_EQ(object + 1, sizes.size());
    ASSERT_EQ(offset, sizes[object]);
  }
}

}  // namespace
}  // namespace shoal::blob::s3
