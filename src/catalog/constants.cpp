#include "catalog/constants.h"

#include <algorithm>
#include <array>

namespace shoal::catalog {
namespace {

constexpr std::array k_categories = {
    Choice{1, "Music"},
    Choice{2, "Films"},
    Choice{3, "Vehicles"},
    Choice{4, "Art"},
    Choice{5, "Sports"},
    Choice{6, "Travels"},
    Choice{7, "Gaming"},
    Choice{8, "People"},
    Choice{9, "Comedy"},
    Choice{10, "Entertainment"},
    Choice{11, "News & Politics"},
    Choice{12, "How To"},
    Choice{13, "Education"},
    Choice{14, "Activism"},
    Choice{15, "Science & Technology"},
    Choice{16, "Animals"},
    Choice{17, "Kids"},
    Choice{18, "Food"},
};

constexpr std::array k_licences = {
    Choice{1, "Attribution"},
    Choice{2, "Attribution - Share Alike"},
    Choice{3, "Attribution - No Derivatives"},
    Choice{4, "Attribution - Non Commercial"},
    Choice{5, "Attribution - Non Commercial - Share Alike"},
    Choice{6, "Attribution - Non Commercial - No Derivatives"},
    Choice{7, "Public Domain Dedication"},
};

constexpr std::array k_privacies = {
    Choice{1, "Public"},   Choice{2, "Unlisted"},           Choice{3, "Private"},
    Choice{4, "Internal"}, Choice{5, "Password protected"},
};

constexpr std::array k_states = {
    Choice{1, "Published"},
    Choice{2, "To transcode"},
    Choice{7, "Transcoding failed"},
};

constexpr std::array k_comments_policies = {
    Choice{1, "Enabled"},
    Choice{2, "Disabled"},
    Choice{3, "Requires approval"},
};

}  // namespace

std::span<const Choice> categories() {
  return k_categories;
}
std::span<const Choice> licences() {
  return k_licences;
}
std::span<const Choice> privacies() {
  return k_privacies;
}
std::span<const Choice> video_states() {
  return k_states;
}
std::span<const Choice> comments_policies() {
  return k_comments_policies;
}

std::optional<std::string_view> label_of(std::span<const Choice> choices, std::int64_t id) {
  const auto found = std::ranges::find(choices, id, &Choice::id);
  if (found == choices.end()) return std::nullopt;
  return found->label;
}

}  // namespace shoal::catalog
