#include "base/machine_labels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"

namespace shoal {
namespace {

constexpr std::size_t k_longest = 63;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_label_char(char c) {
  return is_plain(c) || c == '-' || c == '_' || c == '.' || c == ':';
}

}  // namespace

std::string check_machine_label(std::string_view text) {
  const bool right = !text.empty() && text.size() <= k_longest && is_plain(text.front()) &&
                     is_plain(text.back()) && std::ranges::all_of(text, is_label_char);
  return right ? ""
               : "is no label; give a word of at most 63 characters a-z, 0-9, and - _ . : between "
                 "them, such as gpu or region:eu";
}

MachineLabels ordered(MachineLabels labels) {
  std::ranges::sort(labels);
  const auto rest = std::ranges::unique(labels);
  labels.erase(rest.begin(), rest.end());
  return labels;
}

std::string to_words(const MachineLabels& labels) {
  return fmt::format("{}", fmt::join(labels, " "));
}

MachineLabels from_words(std::string_view words) {
  MachineLabels labels;
  for (const std::string_view word : split(words, ' ')) {
    if (!word.empty()) labels.emplace_back(word);
  }
  return labels;
}

bool has_all(const MachineLabels& labels, const MachineLabels& needed) {
  return std::ranges::includes(labels, needed);
}

}  // namespace shoal
