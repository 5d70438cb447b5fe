#include "scaling/rhythm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace shoal::scaling {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr UtcTime k_midnight{std::chrono::sys_days{std::chrono::year{2026} / 3 / 10}};

/// What a day brings: 10 at midnight, 30 at noon.
double wave(UtcTime at) {
  const double hour =
      std::chrono::duration<double, hours::period>(at - std::chrono::floor<days>(at)).count();
  return 20 - 10 * std::cos(hour / 12 * 3.14159265358979);
}

/// Every five minutes of the days before `end`.
std::vector<LoadSample> history(int count, UtcTime end, double factor = 1) {
  std::vector<LoadSample> samples;
  for (UtcTime at = end - days(count); at < end; at += minutes(5)) {
    samples.push_back({at, factor * wave(at + Seconds(150))});
  }
  return samples;
}

TEST(Rhythm, is_that_of_the_days_before) {
  const Rhythm rhythm = Rhythm::learn(history(7, k_midnight), k_midnight);
  for (int minute = 0; minute < 1440; minute += 7) {
    const UtcTime at = k_midnight + minutes(minute);
    ASSERT_TRUE(rhythm.usual(at));
    EXPECT_NEAR(*rhythm.usual(at), wave(at), 0.1) << minute;
  }
}

TEST(Rhythm, one_day_is_enough_and_none_forecasts_nothing) {
  const auto recent = history(1, k_midnight);
  EXPECT_TRUE(Rhythm::learn(recent, k_midnight).forecast(recent, k_midnight, k_midnight));
  EXPECT_FALSE(Rhythm::learn({}, k_midnight).usual(k_midnight));
  EXPECT_FALSE(Rhythm::learn({}, k_midnight).forecast(recent, k_midnight, k_midnight));
}

TEST(Rhythm, a_crowd_of_one_day_is_not_expected_on_the_next) {
  auto samples = history(7, k_midnight);
  for (LoadSample& sample : samples) {
    if (sample.at >= k_midnight - hours(6) && sample.at < k_midnight - hours(5)) sample.load *= 10;
  }
  const Rhythm rhythm = Rhythm::learn(samples, k_midnight);
  EXPECT_NEAR(*rhythm.usual(k_midnight + hours(18)), wave(k_midnight + hours(18)), 0.5);
}

TEST(Rhythm, a_day_with_more_samples_counts_no_more_than_another) {
  std::vector<LoadSample> samples(100, {k_midnight - days(1), 50});
  for (int i = 0; i < 100; ++i) samples[i].at += Seconds(i);
  samples.push_back({k_midnight - days(2), 10});
  samples.push_back({k_midnight - days(3), 12});
  const Rhythm rhythm = Rhythm::learn(samples, k_midnight);
  EXPECT_DOUBLE_EQ(*rhythm.usual(k_midnight + Rhythm::k_slot / 2), 12);
}

TEST(Rhythm, follows_the_level_of_the_last_hour_within_bounds) {
  const Rhythm rhythm = Rhythm::learn(history(7, k_midnight), k_midnight);
  const UtcTime now = k_midnight + hours(9);
  const UtcTime then = now + minutes(2);
  EXPECT_NEAR(*rhythm.forecast(history(1, now, 1.3), now, then), 1.3 * wave(then), 0.3);
  EXPECT_NEAR(*rhythm.forecast(history(1, now, 0.5), now, then), 0.5 * wave(then), 0.3);
  EXPECT_NEAR(*rhythm.forecast(history(1, now, 20), now, then), 3 * wave(then), 0.3);
  EXPECT_NEAR(*rhythm.forecast(history(1, now, 0), now, then), wave(then) / 3, 0.3);
  EXPECT_NEAR(*rhythm.forecast({}, now, then), wave(then), 0.1);
}

TEST(Rhythm, a_short_crowd_is_no_level) {
  const Rhythm rhythm = Rhythm::learn(history(7, k_midnight), k_midnight);
  const UtcTime now = k_midnight + hours(9);
  auto recent = history(1, now);
  for (std::size_t i = recent.size() - 4; i < recent.size(); ++i) recent[i].load *= 10;
  EXPECT_NEAR(*rhythm.forecast(recent, now, now), wave(now), 0.5);
}

TEST(Rhythm, what_is_no_load_or_not_yet_or_too_old_is_left_out) {
  auto samples = history(3, k_midnight);
  const auto usual = Rhythm::learn(samples, k_midnight).usual(k_midnight + hours(3));
  for (int i = 0; i < 96; ++i) {
    const UtcTime in_day = k_midnight + minutes(15 * i);
    samples.push_back({in_day - days(1), std::nan("")});
    samples.push_back({in_day - days(2), -4});
    samples.push_back({in_day - days(2), INFINITY});
    samples.push_back({in_day + minutes(1), 900});
    samples.push_back({in_day - days(20), 900});
    samples.push_back({in_day - days(30), 900});
  }
  const Rhythm rhythm = Rhythm::learn(samples, k_midnight);
  EXPECT_EQ(rhythm.usual(k_midnight + hours(3)), usual);
  EXPECT_NEAR(*rhythm.forecast(samples, k_midnight, k_midnight), wave(k_midnight), 0.2);
}

TEST(Rhythm, after_the_clock_went_back_what_was_later_does_not_count) {
  const auto samples = history(2, k_midnight);
  const UtcTime back = k_midnight - days(10);
  EXPECT_FALSE(Rhythm::learn(samples, back).usual(back));
  const Rhythm rhythm = Rhythm::learn(samples, k_midnight);
  const UtcTime now = k_midnight - hours(12);
  EXPECT_NEAR(*rhythm.forecast(history(1, k_midnight, 2), now - days(1), now), wave(now), 0.1);
}

TEST(Rhythm, beside_a_gap_the_nearer_slot_counts) {
  std::vector<LoadSample> samples{{k_midnight - days(1) + hours(8), 7}};
  const Rhythm rhythm = Rhythm::learn(samples, k_midnight);
  EXPECT_EQ(rhythm.usual(k_midnight + hours(8)), 7);
  EXPECT_EQ(rhythm.usual(k_midnight + hours(8) + minutes(14)), 7);
  EXPECT_FALSE(rhythm.usual(k_midnight + hours(9)));
}

TEST(Rhythm, a_usual_load_of_nothing_divides_by_nothing) {
  std::vector<LoadSample> samples;
  for (const auto& sample : history(3, k_midnight)) samples.push_back({sample.at, 0});
  const Rhythm rhythm = Rhythm::learn(samples, k_midnight);
  EXPECT_EQ(*rhythm.forecast(history(1, k_midnight), k_midnight, k_midnight), 0);
}

}  // namespace
}  // namespace shoal::scaling
