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
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  const auto entry = found->second;
  if (entry->until <= now) {
    drop(entry);
    return nullptr;
  }
  order_.splice(order_.begin(), order_, entry);
  return entry->body;
}

void ResponseCache::drop(Order::iterator entry) {
  bytes_ -= entry->size();
  index_.erase(entry->key);
  order_.erase(entry);
}

ResponseCache::Text ResponseCache::keep(std::string_view key, std::string body, Milliseconds keep,
                                        std::uint64_t generation) {
  auto text = std::make_shared<const std::string>(std::move(body));
  const std::size_t size = text->size() + key.size();
  const SteadyTime now = clock_.steady_now();
  const std::scoped_lock lock(mutex_);
  if (generation != generation_ || size > k_max_bytes / 16) return text;
  if (const auto known = index_.find(key); known != index_.end()) drop(known->second);
  while (order_.size() >= k_max_entries || bytes_ + size > k_max_bytes)
    drop(std::prev(order_.end()));
  order_.push_front({std::string(key), text, now + keep});
  index_.emplace(order_.front().key, order_.begin());
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
  index_.clear();
  order_.clear();
  bytes_ = 0;
  bytes_metric_.set(0);
}

}  // namespace shoal::api
