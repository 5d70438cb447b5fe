#include "catalog/totals_cache.h"

namespace shoal::catalog {

TotalsCache::TotalsCache(Clock& clock, Metrics& metrics)
    : clock_(clock),
      entries_metric_(metrics.gauge("shoal_totals_cache_entries",
                                    "List totals kept in memory (at most 10000)")) {}

std::optional<std::int64_t> TotalsCache::find(std::string_view key) {
  const SteadyTime now = clock_.steady_now();
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(std::string(key));
  if (found == entries_.end() || found->second.until <= now) return std::nullopt;
  return found->second.total;
}

void TotalsCache::keep(std::string_view key, std::int64_t total) {
  const SteadyTime now = clock_.steady_now();
  const std::scoped_lock lock(mutex_);
  if (entries_.size() >= k_limit) {
    std::erase_if(entries_, [&](const auto& entry) { return entry.second.until <= now; });
    // Ten thousand different filters within ten seconds are no viewers: start again.
    if (entries_.size() >= k_limit) entries_.clear();
  }
  entries_.insert_or_assign(std::string(key), Entry{total, now + k_keep});
  entries_metric_.set(static_cast<double>(entries_.size()));
}

void TotalsCache::clear() {
  const std::scoped_lock lock(mutex_);
  entries_.clear();
  entries_metric_.set(0);
}

}  // namespace shoal::catalog
