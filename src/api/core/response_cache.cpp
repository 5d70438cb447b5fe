#include "api/core/response_cache.h"

#include <utility>

namespace shoal::api {

ResponseCache::ResponseCache(Clock& clock, Metrics& metrics)
    : clock_(clock),
      bytes_metric_(metrics.gauge("shoal_response_cache_bytes",
                                  "Rendered answers kept in memory (at most 8 MiB)")) {}

ResponseCache::Text ResponseCache::find(std::string_view key) {
  const SteadyTime now = clock_.steady_now();
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(std::string(key));
  if (found == entries_.end() || found->second.until <= now) return nullptr;
  return found->second.body;
}

ResponseCache::Text ResponseCache::keep(std::string_view key, std::string body, Milliseconds keep,
                                        std::uint64_t generation) {
  auto text = std::make_shared<const std::string>(std::move(body));
  const std::size_t size = text->size() + key.size();
  const SteadyTime now = clock_.steady_now();
  const std::scoped_lock lock(mutex_);
  if (generation != generation_ || size > k_max_bytes / 16) return text;
  if (entries_.size() >= k_max_entries || bytes_ + size > k_max_bytes) {
    std::erase_if(entries_, [&](const auto& entry) {
      const bool stale = entry.second.until <= now;
      if (stale) bytes_ -= entry.second.body->size() + entry.first.size();
      return stale;
    });
  }
  if (entries_.size() >= k_max_entries || bytes_ + size > k_max_bytes) return text;
  Entry& entry = entries_[std::string(key)];
  if (entry.body) bytes_ -= entry.body->size() + key.size();
  entry = {text, now + keep};
  bytes_ += size;
  bytes_metric_.set(static_cast<double>(bytes_));
  return text;
}

std::uint64_t ResponseCache::generation() const {
  const std::scoped_lock lock(mutex_);
  return generation_;
}

void ResponseCache::clear() {
  const std::scoped_lock lock(mutex_);
  ++generation_;
  entries_.clear();
  bytes_ = 0;
  bytes_metric_.set(0);
}

}  // namespace shoal::api
