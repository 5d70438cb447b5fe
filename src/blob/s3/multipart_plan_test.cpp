#include "blob/s3/multipart_plan.h"

#include <gtest/gtest.h>

namespace shoal::blob::s3 {
namespace {

constexpr std::uint64_t k_mebibyte = std::uint64_t{1} << 20;

MultipartPlan plan_of(std::uint64_t size, std::uint64_t wanted_part_size) {
  const auto plan = plan_multipart(size, wanted_part_size);
  EXPECT_TRUE(plan);
  return plan.value_or(MultipartPlan{});
}

TEST(S3MultipartPlan, parts_have_the_wanted_size_and_the_last_one_the_rest) {
  const MultipartPlan plan = plan_of(33 * k_mebibyte, 16 * k_mebibyte);
  EXPECT_EQ(plan.part_count, 3U);
  EXPECT_EQ(plan.part_size, 16 * k_mebibyte);
  EXPECT_EQ(plan.offset_of(1), 0U);
  EXPECT_EQ(plan.offset_of(3), 32 * k_mebibyte);
  EXPECT_EQ(plan.length_of(2), 16 * k_mebibyte);
  EXPECT_EQ(plan.length_of(3), k_mebibyte);
}

TEST(S3MultipartPlan, a_whole_number_of_parts_has_no_empty_one) {
  const MultipartPlan plan = plan_of(32 * k_mebibyte, 16 * k_mebibyte);
  EXPECT_EQ(plan.part_count, 2U);
  EXPECT_EQ(plan.length_of(2), 16 * k_mebibyte);
}

TEST(S3MultipartPlan, an_empty_object_is_one_empty_part) {
  const MultipartPlan plan = plan_of(0, 16 * k_mebibyte);
  EXPECT_EQ(plan.part_count, 1U);
  EXPECT_EQ(plan.length_of(1), 0U);
}

TEST(S3MultipartPlan, a_part_is_between_5_MiB_and_5_GiB) {
  EXPECT_EQ(plan_of(k_mebibyte, 0).part_size, k_min_part_size);
  EXPECT_EQ(plan_of(k_max_object_size, UINT64_MAX).part_size, k_max_part_size);
}

TEST(S3MultipartPlan, the_sizes_of_all_parts_are_allowed_and_sum_to_the_object) {
  for (const std::uint64_t size :
       {std::uint64_t{1}, k_min_part_size, k_min_part_size + 1, k_min_part_size * 10'000,
        k_min_part_size * 10'000 + 1, std::uint64_t{123'456'789'012}, k_max_object_size - 1,
        k_max_object_size}) {
    const MultipartPlan plan = plan_of(size, 8 * k_mebibyte);
    EXPECT_GE(plan.part_count, 1U);
    EXPECT_LE(plan.part_count, k_max_part_number) << size;
    std::uint64_t sum = 0;
    for (std::uint32_t number = 1; number <= plan.part_count; ++number) {
      EXPECT_EQ(plan.offset_of(number), sum);
      sum += plan.length_of(number);
      EXPECT_LE(plan.length_of(number), k_max_part_size);
      if (number < plan.part_count) {
        EXPECT_GE(plan.length_of(number), k_min_part_size);
      }
    }
    EXPECT_EQ(sum, size);
  }
}

TEST(S3MultipartPlan, an_object_over_5_TiB_is_too_large) {
  for (const std::uint64_t size : {k_max_object_size + 1, UINT64_MAX}) {
    const auto plan = plan_multipart(size, k_max_part_size);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, ErrorCode::too_large);
  }
}

TEST(S3MultipartPlan, a_listed_part_counts_only_with_its_number_size_and_etag) {
  const MultipartPlan plan = plan_of(33 * k_mebibyte, 8 * k_mebibyte);
  ASSERT_EQ(plan.part_count, 5U);
  const std::vector<Part> listed = {
      {0, 8 * k_mebibyte, "zero"},      {1, 8 * k_mebibyte, "a"}, {2, 8 * k_mebibyte - 1, "b"},
      {3, 8 * k_mebibyte, ""},          {5, k_mebibyte, "e"},     {6, 8 * k_mebibyte, "f"},
      {UINT32_MAX, 8 * k_mebibyte, "g"}};
  const Resumption rest = resume(plan, listed);
  EXPECT_EQ(rest.present, (std::vector<Part>{{1, 8 * k_mebibyte, "a"}, {5, k_mebibyte, "e"}}));
  EXPECT_EQ(rest.missing, (std::vector<std::uint32_t>{2, 3, 4}));
}

TEST(S3MultipartPlan, what_is_present_can_be_completed_in_whatever_order_it_was_listed) {
  const MultipartPlan plan = plan_of(10 * k_mebibyte, 5 * k_mebibyte);
  const std::vector<Part> listed = {{2, 5 * k_mebibyte, "b"}, {1, 5 * k_mebibyte, "a"}};
  const Resumption rest = resume(plan, listed);
  EXPECT_TRUE(rest.missing.empty());
  EXPECT_EQ(rest.present, (std::vector<Part>{{1, 5 * k_mebibyte, "a"}, {2, 5 * k_mebibyte, "b"}}));
}

TEST(S3MultipartPlan, nothing_listed_leaves_everything_to_send) {
  const Resumption rest = resume(plan_of(10 * k_mebibyte, 5 * k_mebibyte), {});
  EXPECT_TRUE(rest.present.empty());
  EXPECT_EQ(rest.missing, (std::vector<std::uint32_t>{1, 2}));
}

}  // namespace
}  // namespace shoal::blob::s3
