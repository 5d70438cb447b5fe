#include "bench/autoscaler/demand.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace shoal::bench {

namespace {

constexpr int k_seconds = 86'400;
/// Of a video service's day, hour by hour, by the trough: residential evenings, quiet mornings.
constexpr std::array<double, 24> k_shape{4.2, 3.0, 2.0, 1.4, 1.1, 1.0, 1.2, 1.7,
                                         2.3, 2.8, 3.1, 3.3, 3.6, 3.7, 3.7, 3.9,
                                         4.2, 4.7, 5.3, 6.1, 6.8, 7.0, 6.5, 5.5};
/// Workers that the trough keeps busy.
constexpr double k_trough = 10;
constexpr double k_mean_size = 40;
constexpr double k_size_spread = 0.8;
constexpr double k_estimate_spread = 0.3;
constexpr double k_level_spread = 0.1;
constexpr double k_wander_spread = 0.08;
constexpr double k_wander_seconds = 1800;
constexpr double k_crowd = 10;
constexpr int k_crowd_grows = 60;
constexpr int k_crowd_stays = 600;
constexpr double k_crowd_halves = 300;

double shape(int second) {
  const int hour = second / 3600;
  const double into = (second % 3600) / 3600.0;
  return k_shape[hour] + into * (k_shape[(hour + 1) % 24] - k_shape[hour]);
}

/// What the crowd multiplies the rate with, so many seconds after it began.
double crowd(int since) {
  if (since < 0) return 1;
  if (since < k_crowd_grows) return 1 + (k_crowd - 1) * since / k_crowd_grows;
  const int after = since - k_crowd_grows - k_crowd_stays;
  return after < 0 ? k_crowd : 1 + (k_crowd - 1) * std::exp2(-after / k_crowd_halves);
}

/// Of mean 1.
double log_normal(Random& random, double spread) {
  return std::exp(spread * simulation::normal(random) - spread * spread / 2);
}

Job make_job(Random& random, double at) {
  const double size = std::clamp(k_mean_size * log_normal(random, k_size_spread), 2.0, 600.0);
  return {.at = Microseconds(static_cast<std::int64_t>(at * 1e6)),
          .size = Microseconds(static_cast<std::int64_t>(size * 1e6)),
          .estimate = size * log_normal(random, k_estimate_spread)};
}

}  // namespace

std::vector<Job> make_day(std::uint64_t seed, std::uint32_t day) {
  SeededRandom random(seed * 1'000'003 + day);
  const double level = log_normal(random, k_level_spread);
  // Anywhere from one in the night to eleven in the evening.
  const int crowd_begin = 3600 + static_cast<int>(random.below(22 * 3600));
  const double keep = 1 - 1 / k_wander_seconds;
  double wander = k_wander_spread * simulation::normal(random);
  std::vector<Job> jobs;
  double until_next = -std::log1p(-simulation::uniform(random));
  for (int second = 0; second < k_seconds; ++second) {
    wander =
        keep * wander + k_wander_spread * std::sqrt(1 - keep * keep) * simulation::normal(random);
    const double workers = k_trough * shape(second) * level * (1 + wander);
    const double rate = std::max(0.0, workers) / k_mean_size * crowd(second - crowd_begin);
    double left = rate;
    while (until_next < left) {
      left -= until_next;
      jobs.push_back(make_job(random, second + 1 - left / rate));
      until_next = -std::log1p(-simulation::uniform(random));
    }
    until_next -= left;
  }
  return jobs;
}

std::vector<scaling::LoadSample> load_samples(const std::vector<Job>& jobs, UtcTime begin) {
  std::vector<scaling::LoadSample> samples;
  for (Microseconds at{0}; at < k_day; at += k_sample) {
    samples.push_back({begin + std::chrono::floor<Milliseconds>(at), 0});
  }
  for (const Job& job : jobs) {
    samples[static_cast<std::size_t>(job.at / Microseconds(k_sample))].load +=
        job.estimate / std::chrono::duration<double>(k_sample).count();
  }
  return samples;
}

}  // namespace shoal::bench
