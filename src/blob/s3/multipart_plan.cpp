#include "blob/s3/multipart_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/check.h"

namespace shoal::blob::s3 {
namespace {

constexpr std::uint64_t k_mebibyte = std::uint64_t{1} << 20;

constexpr std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) {
  return a / b + (a % b != 0 ? 1 : 0);
}

}  // namespace

std::uint64_t MultipartPlan::offset_of(std::uint32_t number) const {
  SHOAL_CHECK(number >= 1 && number <= part_count);
  return (number - 1) * part_size;
}

std::uint64_t MultipartPlan::length_of(std::uint32_t number) const {
  return std::min(part_size, size - offset_of(number));
}

Result<MultipartPlan> plan_multipart(std::uint64_t size, std::uint64_t wanted_part_size) {
  if (size > k_max_object_size) {
    return fail(ErrorCode::too_large,
                fmt::format("{} bytes are more than the 5 TiB an S3 object can have", size));
  }
  const std::uint64_t enough =
      divide_up(divide_up(size, k_max_part_number), k_mebibyte) * k_mebibyte;
  MultipartPlan plan;
  plan.size = size;
  plan.part_size = std::min(std::max({wanted_part_size, enough, k_min_part_size}), k_max_part_size);
  plan.part_count =
      static_cast<std::uint32_t>(std::max<std::uint64_t>(1, divide_up(size, plan.part_size)));
  return plan;
}

Resumption resume(const MultipartPlan& plan, std::span<const Part> listed) {
  std::vector<std::optional<Part>> found(plan.part_count);
  for (const Part& part : listed) {
    const bool ours = part.number >= 1 && part.number <= plan.part_count &&
                      part.size == plan.length_of(part.number) && !part.etag.empty();
    if (ours) found[part.number - 1] = part;
  }
  Resumption out;
  for (std::uint32_t number = 1; number <= plan.part_count; ++number) {
    if (auto& part = found[number - 1]) {
      out.present.push_back(*std::move(part));
    } else {
      out.missing.push_back(number);
    }
  }
  return out;
}

}  // namespace shoal::blob::s3
