#pragma once

#include <cstdint>
#include <string>

#include "api/runners/held_job.h"
#include "blob/blob_store.h"
#include "io/task.h"
#include "processing/plan.h"

/// Where the results of runners are put, if they do not come through this server.
namespace shoal::api {

/// More renditions no plan has.
inline constexpr std::size_t k_most_pieces = 64;

/// A lease that a request has proved, and what must come of it.
struct ExpectedResult {
  HeldJob held;
  processing::Plan plan;
};
io::Task<Answer<ExpectedResult>> prove(Call& call, JobTokensText tokens);

/// The rendition if it is one that is encoded, else null.
const processing::RenditionPlan* find_encoded(const processing::Plan& plan,
                                              std::int64_t resolution);

/// The home of running work; null while this node does not have it.
blob::BlobStore* result_store(const Call& call);
std::string result_key(const Call& call, const jobs::LeasedJob& job, std::uint32_t resolution);

/// The objects of a result were read: the collector may have them once no URL takes them any more.
io::Task<> forget_put(Call& call, jobs::LeasedJob job, std::vector<std::uint32_t> resolutions);

}  // namespace shoal::api
