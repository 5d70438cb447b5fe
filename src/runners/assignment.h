#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "processing/plan.h"

/// What a segment job is on the wire: JSON that the server writes and `shoal worker` reads. Pure.
namespace shoal::runners {

struct SegmentInput {
  std::string url;  ///< of the original; asked with the tokens of the runner and the job
  std::uint64_t size = 0;
  Uuid video;
};

/// The members `payload` has in a list of jobs.
std::string write_offer(const SegmentInput& input, std::size_t work_segment);
/// And for who has accepted the job. The whole plan: the groups of pictures of one work segment
/// depend on the boundaries of all. `takes_puts`: its pieces may be put into the store itself.
std::string write_assignment(const SegmentInput& input, std::size_t work_segment,
                             const processing::Plan& plan, bool takes_puts);

/// What PeerTube 6.3 tells a runner about a rendition: the picture alone, for the sound is made
/// here.
std::string write_hls_payload(const SegmentInput& input,
                              const processing::RenditionPlan& rendition);
/// The form fields of its result.
inline constexpr std::string_view k_file_field = "payload[videoFile]";
inline constexpr std::string_view k_playlist_field = "payload[resolutionPlaylistFile]";

/// The form field that carries the piece of a rendition.
std::string piece_field(std::uint32_t resolution);
/// Nothing for another name.
std::optional<std::uint32_t> resolution_of_field(std::string_view name);

/// Ids of the segment jobs in an answer to jobs/request; none where it is no such answer.
std::vector<std::string> parse_offers(std::string_view answer);

/// A job that was accepted.
struct Assignment {
  std::string job;  ///< UUID
  std::string job_token;
  SegmentInput input;
  std::size_t work_segment = 0;
  bool takes_puts = false;
  processing::Plan plan;
};
/// Errors: invalid.
Result<Assignment> parse_assignment(std::string_view answer);

/// Where the piece of a rendition may be put.
struct ResultUrl {
  std::uint32_t resolution = 0;
  std::string url;
};
/// Errors: invalid.
Result<std::vector<ResultUrl>> parse_result_urls(std::string_view answer);

}  // namespace shoal::runners
