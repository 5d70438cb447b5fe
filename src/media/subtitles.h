#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace shoal::media {

/// One caption: what is shown from `start` to `end`. `text` is WebVTT cue text with the tags b, i
/// and u, <c>, <v name> and <lang xx> at most, everything else escaped; lines are parted by '\n'.
struct Cue {
  std::chrono::milliseconds start{0};
  std::chrono::milliseconds end{0};
  std::string text;
  /// Cue settings that were understood: "align:start line:80%"; empty for none.
  std::string settings;
  friend bool operator==(const Cue&, const Cue&) = default;
};

struct SubtitleLimits {
  std::size_t bytes = std::size_t{4} << 20;
  std::size_t cues = 50'000;
  std::size_t text = 4096;
};

/// Reads WebVTT (W3C) or SubRip, whichever the text is; a byte order mark, CR LF and invalid UTF-8
/// (taken for Latin-1) are accepted. Styles, regions and notes are left out; cues come sorted by
/// start. Errors: invalid (neither, or without a cue), too_large.
Result<std::vector<Cue>> parse_subtitles(std::string_view text, const SubtitleLimits& limits = {});

/// WebVTT that is safe to serve: no styles, no scripts, no line that could open another block.
std::string write_webvtt(const std::vector<Cue>& cues);

}  // namespace shoal::media
