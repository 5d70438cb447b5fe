#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace shoal::delivery {

/// What a media playlist plays.
struct PlaylistFiles {
  std::vector<std::string> names;  ///< of files beside the playlist, each once
  Seconds duration{};              ///< all of it, rounded up
};
/// Nothing for a master playlist, one that still grows (its URIs must stay as they are: RFC 8216
/// section 6.2.1), one that is wrong, and one that is too long or names too many files to be made
/// for each viewer. Pure.
std::optional<PlaylistFiles> playlist_files(std::string_view playlist);

/// By the name of a file: an URL that needs nothing else.
using SignedUrls = std::map<std::string, std::string, std::less<>>;

/// The playlist with these URLs in the place of their names, and the token, unless it is empty,
/// added to the other URIs. Pure.
std::string sign_playlist(std::string_view playlist, const SignedUrls& urls,
                          std::string_view token);

}  // namespace shoal::delivery
