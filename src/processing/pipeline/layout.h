#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "processing/packaging.h"

namespace shoal::processing {

// The JSON of work_segment.layout and rendition.layout: what later steps and playlists need of an
// object without opening it. Pure. Errors of the parsers: corrupt.

std::string write_work_layout(const PackagedWork& work);
Result<PackagedWork> parse_work_layout(std::size_t work_segment, std::string_view json);

std::string write_segments(const std::vector<PackagedSegment>& segments);
Result<std::vector<PackagedSegment>> parse_segments(std::string_view json);

}  // namespace shoal::processing
