#include "delivery/media_cache.h"

namespace shoal::delivery {

MediaCache::MediaCache(Config config, const Clock& clock) : config_(config), clock_(clock) {}

MediaCache::Shard& MediaCache::shard_of(std::string_view name) const {
  return shards_[TextHash{}(name) % k_shards];
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

void MediaCache::put(std::string_view name, std::shared_ptr<const CachedMedia> media,
                     std::uint64_t generation) {
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  if (generation != generation_.load()) return;
  if (const auto found = shard.index.find(name); found != shard.index.end()) {
    found->second->media = std::move(media);
    return;
  }
  if (shard.index.size() >= std::max<std::size_t>(1, config_.capacity / k_shards)) {
    shard.index.erase(shard.order.back().name);
    shard.order.pop_back();
  }
  shard.order.push_front({std::string(name), std::move(media)});
  shard.index.emplace(shard.order.front().name, shard.order.begin());
}

void MediaCache::forget(std::string_view name) {
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.index.find(name);
  if (found == shard.index.end()) return;
  const auto slot = found->second;
  shard.index.erase(found);
  shard.order.erase(slot);
}

void MediaCache::forget_video(const Uuid& video) {
  generation_.fetch_add(1);
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (auto slot = shard.order.begin(); slot != shard.order.end();) {
      if (slot->media->entry.video != video) {
        ++slot;
        continue;
      }
      shard.index.erase(slot->name);
      slot = shard.order.erase(slot);
    }
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
