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
#include "base/metrics.h"
#include "blob/blob_store.h"
#include "delivery/block_cache.h"
#include "delivery/media_index.h"
#include "delivery/store_doors.h"
#include "net/http/message.h"

namespace shoal::delivery {

/// What is counted of one store's media, by Door.
struct DoorCounters {
  std::array<Counter, k_doors> bytes;
  std::array<Counter, k_doors> answers;
};

/// An index entry and its opened object: what one request needs, found without disk or database.
struct CachedMedia {
  MediaEntry entry;
  net::Headers headers;  ///< those that every answer with this entry has: media_headers()
  /// Where the bytes are: one of these three.
  std::shared_ptr<const std::string> text;  ///< running playlists, and small texts of remote stores
  std::shared_ptr<blob::ObjectReader> reader;  ///< an open local file
  std::shared_ptr<const RemoteObject> remote;  ///< without a reader: only base URLs may have it
  /// The copy that they are of; nothing for running playlists.
  Copy copy;
  const StoreDoors* doors = nullptr;
  const DoorCounters* counters = nullptr;
  BlockCache* blocks = nullptr;  ///< that `remote` is read by
  bool is_playlist = false;
  /// Its store has another door than the proxy for it.
  bool may_leave = false;
  SteadyTime checked{};
};

/// Bounded, least recently used first out; one lock per shard. An entry is `fresh` for a few
/// seconds; later it is asked for again, and kept as the answer while the catalogue is away. Any
/// thread.
class MediaCache {
 public:
  struct Config {
    std::size_t capacity = 2048;                     ///< entries, each holds at most one open file
    std::size_t text_limit = std::size_t{64} << 20;  ///< bytes of their texts and hashes
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
    /// Takes one out and returns the place after it.
    Order::iterator erase(Order::iterator slot);
    mutable std::mutex mutex;
    std::size_t text_bytes = 0;
    mutable Order order;  // most recently used first
    std::unordered_map<std::string_view, Order::iterator, TextHash, std::equal_to<>> index;
  };

  Shard& shard_of(std::string_view name) const;
  static std::size_t share_of(std::size_t total);

  static constexpr std::size_t k_shards = 8;
  Config config_;
  const Clock& clock_;
  mutable std::array<Shard, k_shards> shards_;
  std::atomic<std::uint64_t> generation_{0};
};

}  // namespace shoal::delivery
