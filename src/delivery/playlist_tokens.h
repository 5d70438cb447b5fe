#pragma once

#include <string>
#include <string_view>

namespace shoal::delivery {

/// The playlist with `videoFileToken=token` added to every URI in it, for players that can neither
/// set a header nor change what a playlist names (native HLS); URIs of playlists also ask for the
/// same again. As PeerTube's `reinjectVideoFileToken`. Pure; `token` is URL-safe.
std::string add_tokens(std::string_view playlist, std::string_view token);

}  // namespace shoal::delivery
