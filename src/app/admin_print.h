#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/users.h"
#include "cli/doctor.h"
#include "cli/videos.h"
#include "jobs/list.h"

/// What the administration commands print: aligned lines for people, or one line of JSON for
/// scripts, with the names of the REST API. Pure but for the printing.
namespace shoal::app {

/// Titles and messages are other people's: no control character of theirs reaches the terminal.
std::string printable(std::string_view text);

/// "1.5 GB".
std::string readable_bytes(std::uint64_t bytes);

void print_users(const std::vector<catalog::User>& users, bool as_json);
void print_videos(const cli::VideoListing& listing, bool as_json);
void print_video(const cli::VideoDetails& details, const std::string& origin, bool as_json);
void print_jobs(const jobs::JobPage& page, bool as_json);
void print_findings(const std::vector<cli::Finding>& findings, bool as_json);

}  // namespace shoal::app
