#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace shoal::catalog {

// Numbers and labels are PeerTube's: clients store and show them. All immutable, any thread.

enum class Privacy { everyone = 1, unlisted = 2, owner_only = 3, internal = 4, password = 5 };

/// Whether a video's media need no more than their address, which cannot be guessed.
constexpr bool is_media_open(Privacy privacy) {
  return privacy == Privacy::everyone || privacy == Privacy::unlisted;
}

/// Only what this program sets; other numbers of PeerTube's never occur here.
enum class VideoState { published = 1, to_transcode = 2, transcoding_failed = 7 };

enum class CommentsPolicy { enabled = 1, disabled = 2, requires_approval = 3 };

struct Choice {
  std::int64_t id;
  std::string_view label;
};

std::span<const Choice> categories();
std::span<const Choice> licences();
std::span<const Choice> privacies();
std::span<const Choice> video_states();
std::span<const Choice> comments_policies();

/// The label of `id` in one of the lists above, or nothing.
std::optional<std::string_view> label_of(std::span<const Choice> choices, std::int64_t id);

// Lengths in characters, as PeerTube's clients know them.
struct Range {
  std::size_t least;
  std::size_t most;
  bool contains(std::size_t n) const { return n >= least && n <= most; }
};
inline constexpr Range k_video_name_length{3, 120};
inline constexpr Range k_description_length{3, 10'000};
inline constexpr Range k_support_length{3, 1'000};
inline constexpr Range k_tag_length{2, 30};
inline constexpr std::size_t k_max_tags = 5;
inline constexpr std::size_t k_truncated_description_length = 250;
inline constexpr Range k_video_password_length{2, 100};
inline constexpr std::size_t k_max_video_passwords = 100;
inline constexpr Range k_chapter_title_length{1, 100};
inline constexpr std::size_t k_max_chapters = 500;

}  // namespace shoal::catalog
