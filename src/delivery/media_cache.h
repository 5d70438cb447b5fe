#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "blob/blob_store.h"
#include "delivery/media_index.h"
#include "net/http/message.h"

namespace shoal::delivery {

/// An index entry and its opened object: what one request needs, found without disk or database.
struct CachedMedia {
  MediaEntry entry;
  net::Headers headers;  ///< those that every answer with this entry has: media_headers()
  std::shared_ptr<blob::ObjectReader> reader;  ///< null for a text entry
  SteadyTime checked{};
};

/// Bounded, least recently used first out; one lock per shard. An entry is `fresh` for a few
/// seconds; later it is asked for again, and kept as the answer while the catalogue is away. Any
/// thread.
class MediaCache {
 public:
  struct Config {
    std::size_t capacity = 2048;  ///< entries, each holds at most one open file
    Milliseconds fresh_for{3000};
  };
  MediaCache(Config config, const Clock& clock);

  std::shared_ptr<const CachedMedia> find(std::string_view name) const;
  bool is_fresh(const CachedMedia& media) const;
  /// Raised by forget_video. Take it before asking the index: what was read before a privacy change
  /// must not be put afterwards.
  std::uint64_t generation() const { return generation_.load(); }
  void put(std::string_view name, std::shared_ptr<const CachedMedia> media,
           std::uint64_t generation);
  void forget(std::string_view name);
  /// Everything of a video: called when its privacy changes or it is deleted.
  void forget_video(const Uuid& video);
  std::size_t size() const;

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Slot {
    std::string name;
    std::shared_ptr<const CachedMedia> media;
  };
  using Order = std::list<Slot>;
  struct Shard {
    mutable std::mutex mutex;
    mutable Order order;  // most recently used first
    std::unordered_map<std::string_view, Order::iterator, TextHash, std::equal_to<>> index;
  };

  Shard& shard_of(std::string_view name) const;

  static constexpr std::size_t k_shards = 8;
  Config config_;
  const Clock& clock_;
  mutable std::array<Shard, k_shards> shards_;
  std::atomic<std::uint64_t> generation_{0};
};

}  // namespace shoal::delivery
