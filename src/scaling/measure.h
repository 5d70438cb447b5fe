#pragma once

#include <cmath>

namespace shoal::scaling {

/// Whether a sensor can have meant it: finite and not negative.
inline bool is_measure(double number) {
  return std::isfinite(number) && number >= 0;
}

/// A setting or an estimate; 0 where it makes no sense.
inline double positive(double number) {
  return is_measure(number) ? number : 0;
}

}  // namespace shoal::scaling
