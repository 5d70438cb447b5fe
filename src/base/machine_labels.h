#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What a machine has that some kinds of jobs need: words of the administrator's such as "gpu",
/// "av1", "region:eu". Pure.
namespace shoal {

/// Each once, in their order.
using MachineLabels = std::vector<std::string>;

inline constexpr std::size_t k_most_labels = 32;

/// What is wrong with one ("is no label; …"), or nothing.
std::string check_machine_label(std::string_view text);

/// In order, each once.
MachineLabels ordered(MachineLabels labels);
/// As a column has them: with spaces between.
std::string to_words(const MachineLabels& labels);
MachineLabels from_words(std::string_view words);

/// Whether who has these lacks none of those.
bool has_all(const MachineLabels& labels, const MachineLabels& needed);

}  // namespace shoal
