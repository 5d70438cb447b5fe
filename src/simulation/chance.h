#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>

#include "base/check.h"
#include "base/random.h"

namespace shoal::simulation {

/// Time within a run, from 0.
using Microseconds = std::chrono::microseconds;

/// Uniform in [0, 1).
inline double uniform(Random& random) {
  return static_cast<double>(random.next() >> 11) * 0x1p-53;
}

/// True with that probability.
inline bool chance(Random& random, double probability) {
  return uniform(random) < probability;
}

/// Uniform in [least, most].
inline Microseconds between(Random& random, Microseconds least, Microseconds most) {
  SHOAL_CHECK(least <= most);
  const auto span = static_cast<std::uint64_t>((most - least).count());
  return least + Microseconds(static_cast<std::int64_t>(random.below(span + 1)));
}

/// Exponential, never 0: the time until the next of events that know nothing of each other.
inline Microseconds exponential(Random& random, Microseconds mean) {
  const double drawn = -std::log1p(-uniform(random)) * static_cast<double>(mean.count());
  return Microseconds(1 + static_cast<std::int64_t>(drawn));
}

/// Normal, of mean 0 and deviation 1 (Box and Muller).
inline double normal(Random& random) {
  constexpr double k_turn = 6.283185307179586;
  const double radius = std::sqrt(-2 * std::log1p(-uniform(random)));
  return radius * std::cos(k_turn * uniform(random));
}

}  // namespace shoal::simulation
