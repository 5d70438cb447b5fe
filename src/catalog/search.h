#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "db/session.h"

namespace shoal::catalog {

/// How much work one search may cause: grams looked up, entries read of each, videos ranked.
inline constexpr std::size_t k_search_grams = 16;
inline constexpr std::size_t k_entries_per_gram = 1'000;
inline constexpr std::size_t k_search_candidates = 500;

/// Tags compare by this.
std::string tag_key(std::string_view tag);

/// Replaces what `video` is found by.
void index_video(db::Session& session, VideoId video, std::string_view name,
                 const std::vector<std::string>& tags);

/// Which videos a search looks at.
struct SearchScope {
  /// All videos of these channels, however many; empty: all that the bounds above reach, where a
  /// gram that very many videos have counts for the newest of them only.
  std::vector<ChannelId> channels;
  /// A condition on the columns of `video v`, without arguments: what is not for the asker takes no
  /// place from what is. Empty: all.
  std::string condition;
};

/// Videos that share grams with `text`, most first, then newest: at most k_search_candidates. What
/// of them really matches, match_score() says. The same on both engines. Empty without a word.
std::vector<VideoId> search_candidates(db::Session& session, std::string_view text,
                                       const SearchScope& scope = {});

}  // namespace shoal::catalog
