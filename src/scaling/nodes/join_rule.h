#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "scaling/nodes/node.h"

namespace shoal::scaling {

/// Whose rows make room for `who`, by id: its own of before, those of the dead that have its name,
/// and, where it or they share nothing with others, those of the dead. Their processes, should they
/// live after all, find their rows gone and stop. Errors: conflict, when a living node has the
/// name, or when one of the two must be alone; the message says what to do. Pure.
Result<std::vector<std::string>> decide_join(const NodeProfile& who,
                                             const std::vector<Node>& registered);

}  // namespace shoal::scaling
