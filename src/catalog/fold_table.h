#pragma once

#include <span>

namespace shoal::catalog {

/// One letter and the one to three letters that search compares instead of it.
struct Fold {
  char32_t from;
  const char32_t* to;
};

/// Ascending by `from`.
std::span<const Fold> folds();

}  // namespace shoal::catalog
