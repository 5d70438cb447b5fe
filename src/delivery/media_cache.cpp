#include "delivery/media_cache.h"

#include <algorithm>
#include <iterator>

namespace shoal::delivery {
namespace {

/// Of its text, and of the hashes of a long file's parts.
std::size_t text_size(const CachedMedia& media) {
  const std::size_t hashes = media.remote ? media.remote->hashes.bytes() : 0;
  return hashes + (media.text ? media.text->size() : 0);
}

}  // namespace

MediaCache::MediaCache(Config config, const Clock& clock) : config_(config), clock_(clock) {}

MediaCache::Shard& MediaCache::shard_of(std::string_view name) const {
  return shards_[TextHash{}(name) % k_shards];
}

std::size_t MediaCache::share_of(std::size_t total) {
  return std::max<std::size_t>(1, total / k_shards);
}

std::shared_ptr<const CachedMedia> MediaCache::find(std::string_view name) const {
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.index.find(name);
  if (found == shard.index.end()) return nullptr;
  shard.order.splice(shard.order.begin(), shard.order, found->second);
  return found->second->media;
}

bool MediaCache::is_fresh(const CachedMedia& media) const {
  return clock_.steady_now() - media.checked < config_.fresh_for;
}

MediaCache::Order::iterator MediaCache::Shard::erase(Order::iterator slot) {
  text_bytes -= text_size(*slot->media);
  index.erase(slot->name);
  return order.erase(slot);
}

void MediaCache::put(std::string_view name, std::shared_ptr<const CachedMedia> media,
                     std::uint64_t generation) {
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  if (generation != generation_.load()) return;
  if (const auto found = shard.index.find(name); found != shard.index.end())
    shard.erase(found->second);
  const std::size_t added = text_size(*media);
  while (!shard.order.empty() && (shard.index.size() >= share_of(config_.capacity) ||
                                  shard.text_bytes + added > share_of(config_.text_limit)))
    shard.erase(std::prev(shard.order.end()));
  shard.text_bytes += added;
  shard.order.push_front({std::string(name), std::move(media)});
  shard.index.emplace(shard.order.front().name, shard.order.begin());
}

void MediaCache::forget(std::string_view name) {
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  if (const auto found = shard.index.find(name); found != shard.index.end())
    shard.erase(found->second);
}

void MediaCache::forget_video(const Uuid& video) {
  generation_.fetch_add(1);
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (auto slot = shard.order.begin(); slot != shard.order.end();)
      slot = slot->media->entry.video == video ? shard.erase(slot) : std::next(slot);
  }
}

std::size_t MediaCache::size() const {
  std::size_t total = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    total += shard.index.size();
  }
  return total;
}

}  // namespace shoal::delivery
