#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/metrics.h"
#include "base/result.h"
#include "blob/blob_store.h"
#include "io/single_flight.h"
#include "io/task.h"
#include "io/task_group.h"

namespace shoal::delivery {

/// An object that is read over a network. Immutable.
struct RemoteObject {
  std::string id;  ///< store and key: the same bytes for ever
  std::shared_ptr<blob::ObjectReader> reader;
  std::string sha256{};  ///< of all its bytes, in hex; empty: unknown
};

/// What viewers want of remote objects at the moment, in aligned blocks: each is read once however
/// many ask for it, and kept while there is room. Blocks that viewers hold count too, so that the
/// bound is one on memory; beyond it everybody reads alone. Any thread; stop() before destruction.
class BlockCache {
 public:
  struct Config {
    std::uint64_t block_size = std::uint64_t{512} << 10;
    std::uint64_t limit = std::uint64_t{64} << 20;  ///< bytes of all blocks
  };
  class Block {
   public:
    Block(std::uint64_t offset, std::size_t size, std::atomic<std::uint64_t>& account);
    ~Block();
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;
    std::uint64_t begin() const { return offset_; }
    std::uint64_t end() const { return offset_ + size_; }
    std::span<std::byte> bytes() { return {bytes_.get(), size_}; }
    std::span<const std::byte> bytes() const { return {bytes_.get(), size_}; }

   private:
    const std::uint64_t offset_;
    const std::size_t size_;
    std::unique_ptr<std::byte[]> bytes_;
    std::atomic<std::uint64_t>& account_;
  };
  using SharedBlock = std::shared_ptr<const Block>;

  BlockCache(Config config, Metrics& metrics, io::Executor executor);

  /// The block that holds the byte at `offset`, which lies within the object. Null where there is
  /// no room. Errors: the store's; corrupt (an object of one block is not what its SHA-256 says).
  io::Task<Result<SharedBlock>> get(std::shared_ptr<const RemoteObject> object,
                                    std::uint64_t offset);
  /// Begins to read that block, on `executor`, for who wants it soon.
  void fetch_ahead(io::Executor executor, std::shared_ptr<const RemoteObject> object,
                   std::uint64_t offset);
  io::Task<> stop() { return ahead_.stop(); }
  /// Bytes of all blocks, with those that only viewers hold.
  std::uint64_t used() const { return used_.load(); }

 private:
  struct Slot {
    std::string key;
    SharedBlock block;
  };
  using Order = std::list<Slot>;

  SharedBlock find(const std::string& key);
  void keep(const std::string& key, SharedBlock block);
  /// Room for a block, after dropping what nobody holds; null where there is none.
  std::shared_ptr<Block> make_room(std::uint64_t offset, std::size_t size);
  io::Task<Result<SharedBlock>> read(std::shared_ptr<const RemoteObject> object,
                                     std::uint64_t offset);
  io::Task<> drop_result(std::shared_ptr<const RemoteObject> object, std::uint64_t offset);

  const Config config_;
  std::atomic<std::uint64_t> used_ = 0;
  std::mutex mutex_;
  Order order_;                                                  ///< the latest used first
  std::unordered_map<std::string_view, Order::iterator> index_;  ///< by the keys in order_
  io::SingleFlight<Result<SharedBlock>> flights_;
  Counter read_;
  Counter shared_;
  Counter kept_;
  Counter refused_;
  Gauge bytes_;
  io::TaskGroup ahead_;
};

}  // namespace shoal::delivery
