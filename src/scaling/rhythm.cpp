#include "scaling/rhythm.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

namespace shoal::scaling {

namespace {

using Days = std::chrono::days;

constexpr double k_most_level = 3;

std::size_t slot_of(UtcTime at) {
  const auto in_day = at - std::chrono::floor<Days>(at);
  return static_cast<std::size_t>(in_day / Milliseconds(Rhythm::k_slot));
}

bool is_load(double load) {
  return std::isfinite(load) && load >= 0;
}

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

struct Mean {
  double sum = 0;
  double count = 0;
};

}  // namespace

Rhythm Rhythm::learn(std::span<const LoadSample> history, UtcTime now) {
  // Of each day and slot first: a day with more samples does not count more.
  std::map<std::pair<std::size_t, std::int64_t>, Mean> means;
  for (const LoadSample& sample : history) {
    if (!is_load(sample.load) || sample.at > now || sample.at < now - Days(k_most_days)) continue;
    const auto day = std::chrono::floor<Days>(sample.at).time_since_epoch().count();
    Mean& mean = means[{slot_of(sample.at), day}];
    mean.sum += sample.load;
    ++mean.count;
  }
  std::array<std::vector<double>, k_slots> days;
  for (const auto& [key, mean] : means) days[key.first].push_back(mean.sum / mean.count);
  Rhythm rhythm;
  for (std::size_t slot = 0; slot < k_slots; ++slot) rhythm.slots_[slot] = median(days[slot]);
  return rhythm;
}

std::optional<double> Rhythm::usual(UtcTime at) const {
  // A slot's value is that of its middle; between two middles it goes straight.
  const UtcTime shifted = at - Milliseconds(k_slot) / 2;
  const std::size_t slot = slot_of(shifted);
  const auto& before = slots_[slot];
  const auto& behind = slots_[(slot + 1) % k_slots];
  if (!before || !behind) return before ? before : behind;
  const auto in_day = shifted - std::chrono::floor<Days>(shifted);
  const auto into = in_day - Milliseconds(k_slot) * static_cast<std::int64_t>(slot);
  const double share = std::chrono::duration<double>(into) / std::chrono::duration<double>(k_slot);
  return *before + share * (*behind - *before);
}

std::optional<double> Rhythm::forecast(std::span<const LoadSample> recent, UtcTime now,
                                       UtcTime at) const {
  const auto expected = usual(at);
  if (!expected) return std::nullopt;
  std::vector<double> ratios;
  for (const LoadSample& sample : recent) {
    if (!is_load(sample.load) || sample.at > now || sample.at < now - std::chrono::hours(1))
      continue;
    const auto then = usual(sample.at);
    if (then && *then > 0) ratios.push_back(sample.load / *then);
  }
  const double level = median(std::move(ratios)).value_or(1);
  return *expected * std::clamp(level, 1 / k_most_level, k_most_level);
}

}  // namespace shoal::scaling
