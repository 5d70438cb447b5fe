#include "api/core/response_cache.h"

#include <fmt/format.h>

#include <utility>

namespace shoal::api {

ResponseCache::ResponseCache(Clock& clock, Metrics& metrics)
    : clock_(clock),
      bytes_metric_(metrics.gauge("shoal_response_cache_bytes",
                                  "Rendered answers kept in memory (at most 8 MiB)")) {}

io::Task<ResponseCache::Slot> ResponseCache::open(std::string key) {
  Slot slot;
  slot.text = find(key, slot.generation_);
  if (slot.text) co_return slot;
  // What began before the cache was cleared is of no use to who asks after it.
  auto flight = co_await flights_.board(fmt::format("{} {}", slot.generation_, key));
  if (flight.found) {
    slot.text = *std::move(flight.found);
    co_return slot;
  }
  slot.cache_ = this;
  slot.key_ = std::move(key);
  slot.turn_ = std::move(flight.turn);
  co_return slot;
}

ResponseCache::Text ResponseCache::Slot::keep(std::string body, Milliseconds keep) {
  auto made = std::make_shared<const std::string>(std::move(body));
  cache_->put(key_, made, keep, generation_);
  if (turn_) turn_->land(made);
  return made;
}

ResponseCache::Text ResponseCache::find(std::string_view key, std::uint64_t& generation) {
  const SteadyTime now = clock_.steady_now();
  const std::scoped_lock lock(mutex_);
  generation = generation_;
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

void ResponseCache::put(std::string_view key, const Text& text, Milliseconds keep,
                        std::uint64_t generation) {
  const std::size_t size = text->size() + key.size();
  const SteadyTime now = clock_.steady_now();
  const std::scoped_lock lock(mutex_);
  if (generation != generation_ || size > k_max_bytes / 16) return;
  if (const auto known = index_.find(key); known != index_.end()) drop(known->second);
  while (order_.size() >= k_max_entries || bytes_ + size > k_max_bytes)
    drop(std::prev(order_.end()));
  order_.push_front({std::string(key), text, now + keep});
  index_.emplace(order_.front().key, order_.begin());
  bytes_ += size;
  bytes_metric_.set(static_cast<double>(bytes_));
}

void ResponseCache::clear() {
  {
    const std::scoped_lock lock(mutex_);
    if (on_clear_) on_clear_();
  }
  forget();
}

void ResponseCache::forget() {
  const std::scoped_lock lock(mutex_);
  ++generation_;
  index_.clear();
  order_.clear();
  bytes_ = 0;
  bytes_metric_.set(0);
}

}  // namespace shoal::api
