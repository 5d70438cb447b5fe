#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace shoal::delivery {

/// Appends what stands for `uri` in the new text.
using UriWriter = std::function<void(std::string& out, std::string_view uri)>;
/// The playlist with every URI in it, of lines and of attributes, written anew. Pure.
std::string rewrite_uris(std::string_view playlist, const UriWriter& write);

/// Appends `uri` with `videoFileToken=token`; one of a playlist also asks for the same again.
/// `token` is URL-safe.
void append_with_token(std::string& out, std::string_view uri, std::string_view token);

/// The playlist with the token added to every URI in it, for players that can neither set a header
/// nor change what a playlist names (native HLS). As PeerTube's `reinjectVideoFileToken`. Pure.
std::string add_tokens(std::string_view playlist, std::string_view token);

}  // namespace shoal::delivery
