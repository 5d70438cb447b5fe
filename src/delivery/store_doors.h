#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "blob/blob_store.h"
#include "delivery/base_urls.h"
#include "delivery/media_index.h"

namespace shoal::delivery {

/// How the bytes of an object reach a viewer.
enum class Door {
  proxy,      ///< through us
  presigned,  ///< from the store itself, at an URL that it gives for a while
  redirect,   ///< from a public base URL, such as a CDN's
};
inline constexpr std::size_t k_doors = 3;
std::string_view to_string(Door door);

/// An object for which the store shall give an URL that needs no credentials.
struct PresignRequest {
  std::string_view object_key;
  Seconds valid_for{};                   ///< 1 s to 7 days
  std::string_view content_disposition;  ///< that the store shall answer with; empty: none
};

/// How the objects of one store reach viewers. Plain settings of the assembly's, which outlive
/// whom they are given to and do not change. Any thread.
struct StoreDoors {
  blob::BlobStore* store = nullptr;
  /// Its reads cross a network: another store's copy is taken where there is one, and what several
  /// viewers want at a time is read once.
  bool is_remote = false;
  Door open_media = Door::proxy;  ///< of what is open to all
  /// proxy or presigned; redirect counts as proxy, as a public URL asks nobody for a token.
  Door restricted_media = Door::proxy;
  /// Needed for Door::presigned.
  std::function<Result<std::string>(const PresignRequest&)> presign{};
  /// Needed for Door::redirect.
  const BaseUrls* base_urls = nullptr;
  /// Stands before every key below a base URL, percent-encoded: "media/"; empty: nothing.
  std::string base_prefix{};
  /// Whether asking the store now would be answered at once with unavailable; none: never.
  std::function<bool()> is_away{};
};

/// Finds the doors of the store that a copy names, or null when this node does not have it.
using DoorsLookup = std::function<const StoreDoors*(std::string_view)>;

/// What decides the way of one answer.
struct Passage {
  Door door = Door::proxy;  ///< of the store, for media of this privacy
  bool may_leave = true;    ///< not for what is small or relative to us: playlists, pictures
  bool is_restricted = false;
  bool is_download = false;  ///< saved under a name that only an answer's head can give
  bool is_head = false;
  bool can_presign = false;
  bool has_base_url = false;  ///< a healthy one
};
/// The door that is open for an answer: the store's, or the next that can keep what was promised.
/// Pure.
Door choose_door(const Passage& passage);

/// A copy and the doors of its store.
struct Candidate {
  Copy copy;
  const StoreDoors* doors = nullptr;
};
/// The copies that this node can reach, in the order to try them: local ones, remote ones, those of
/// stores that are away, those that `comes_last` knows; else as they come. Without what is in
/// `except`.
std::vector<Candidate> order_copies(std::span<const Copy> copies, const DoorsLookup& lookup,
                                    std::span<const Copy> except,
                                    const std::function<bool(const Copy&)>& comes_last = {});

/// How long a presigned URL may be used that answers one request; `until` is when the viewer's
/// token ends, nothing where a session or a password was shown. Pure.
Seconds redirect_life(std::optional<UtcTime> until, UtcTime now);
/// The same for the URLs in a playlist that takes `duration` to play: long enough to play it, with
/// pauses, and no longer than the token. Pure.
Seconds play_life(Seconds duration, std::optional<UtcTime> until, UtcTime now);

}  // namespace shoal::delivery
