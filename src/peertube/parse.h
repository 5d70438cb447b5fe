#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "peertube/old_video.h"

/// PeerTube's answers (6.x and 7.x) to values. Pure, fuzzed: whatever is sent, what comes out is
/// bounded, UTF-8, and file names are URL-safe. Errors: corrupt (no JSON, or what is needed is
/// missing), too_large.
namespace shoal::peertube {

inline constexpr std::size_t k_answer_limit = std::size_t{4} << 20;
inline constexpr std::size_t k_page_size = 100;

struct OAuthClient {
  std::string id;
  std::string secret;
};
Result<OAuthClient> parse_oauth_client(std::string_view json);
/// The access token of an answer to a log-in.
Result<std::string> parse_access_token(std::string_view json);
/// `serverVersion` of GET config.
Result<std::string> parse_server_version(std::string_view json);
/// The role of GET users/me.
Result<catalog::Role> parse_my_role(std::string_view json);

/// Pages; what is remote, or cannot be read, is passed over.
Result<OldPage<ListedVideo>> parse_videos(std::string_view json);
Result<OldPage<OldChannel>> parse_channels(std::string_view json);
Result<OldPage<OldUser>> parse_users(std::string_view json);

/// GET videos/:id. Errors: also unsupported (names that cannot be here).
Result<OldVideo> parse_video(std::string_view json);
/// GET videos/:id/description.
Result<std::string> parse_description(std::string_view json);
Result<std::vector<std::string>> parse_passwords(std::string_view json);
Result<std::vector<OldCaption>> parse_captions(std::string_view json);
Result<std::vector<catalog::Chapter>> parse_chapters(std::string_view json);
/// The first one that can be used; nothing without.
Result<std::optional<OldStoryboard>> parse_storyboard(std::string_view json);

/// The name that a file of PeerTube's gets here: its own where that begins with a UUID, as all do
/// that cannot mean anything else elsewhere; else with the video's before it.
std::string name_here(const Uuid& video, std::string_view name);

}  // namespace shoal::peertube
