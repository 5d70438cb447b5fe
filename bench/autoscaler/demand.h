#pragma once

#include <cstdint>
#include <vector>

#include "scaling/rhythm.h"
#include "simulation/chance.h"

namespace shoal::bench {

using simulation::Microseconds;

/// A piece of work as it comes.
struct Job {
  Microseconds at{};    ///< from the day's begin
  Microseconds size{};  ///< what a worker takes for it
  double estimate = 0;  ///< seconds, as guessed when it is queued: what autoscalers see
};

constexpr Microseconds k_day{86'400'000'000};
constexpr std::chrono::minutes k_sample{5};

/// The jobs of one day of an instance: evening peak over night trough 7, the day's level and slow
/// wandering of its own, and at a random time a crowd that brings ten times the usual within a
/// minute, stays ten minutes, and halves each five minutes then. Jobs come independently, 40 s on
/// average, log-normal; estimates are wrong by about a third. The same for the same seed and day.
std::vector<Job> make_day(std::uint64_t seed, std::uint32_t day);

/// Worker-seconds of estimated work a second, for each five minutes of a day that begins at
/// `begin`.
std::vector<scaling::LoadSample> load_samples(const std::vector<Job>& jobs, UtcTime begin);

}  // namespace shoal::bench
