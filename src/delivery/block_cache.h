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
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "blob/blob_store.h"
#include "delivery/disk_cache/disk_cache.h"
#include "delivery/media_hashes.h"
#include "io/single_flight.h"
#include "io/task.h"
#include "io/task_group.h"

namespace shoal::delivery {

/// An object that is read over a network. Immutable.
struct RemoteObject {
  std::string id;  ///< store and key: the same bytes for ever
  std::shared_ptr<blob::ObjectReader> reader;
  std::string sha256{};  ///< of all its bytes, in hex; empty: unknown
  /// Chunks of unknown hash are not kept on the disk; blocks that hold no known range are taken as
  /// they come.
  MediaHashes hashes{};
};

/// What viewers want of remote objects at the moment, in aligned blocks: each is read once however
/// many ask for it, and kept while there is room. Blocks that viewers hold count too, so that the
/// bound is one on memory; beyond it everybody reads alone. Below it may lie a DiskCache: it is
/// asked before the store, and what had to be read from the store is filled in there, chunk by
/// chunk, by reads that are shared with the viewers. Any thread; stop() before destruction.
class BlockCache {
 public:
  struct Config {
    std::uint64_t block_size = std::uint64_t{1} << 20;
    std::uint64_t limit = std::uint64_t{64} << 20;  ///< bytes of all blocks
    std::uint64_t chunk_size = k_chunk;             ///< a multiple of the blocks'
  };
  /// What blocks lie in, and all of it that there is. Memory of whole blocks is used again: what is
  /// given back to the system in such pieces has to be made anew page by page. Any thread.
  class Memory {
   public:
    explicit Memory(std::uint64_t block_size) : block_size_(block_size) {}
    std::unique_ptr<std::byte[]> take(std::size_t size);
    void give_back(std::unique_ptr<std::byte[]> bytes, std::size_t size);
    std::uint64_t used() const { return used_.load(); }

   private:
    const std::uint64_t block_size_;
    std::atomic<std::uint64_t> used_ = 0;
    std::mutex mutex_;
    std::vector<std::unique_ptr<std::byte[]>> spare_;
  };
  class Block {
   public:
    Block(std::uint64_t offset, std::size_t size, Memory& memory)
        : offset_(offset), size_(size), memory_(memory), bytes_(memory.take(size)) {}
    ~Block() { memory_.give_back(std::move(bytes_), size_); }
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;
    std::uint64_t begin() const { return offset_; }
    std::uint64_t end() const { return offset_ + size_; }
    std::span<std::byte> bytes() { return {bytes_.get(), size_}; }
    std::span<const std::byte> bytes() const { return {bytes_.get(), size_}; }

   private:
    const std::uint64_t offset_;
    const std::size_t size_;
    Memory& memory_;
    std::unique_ptr<std::byte[]> bytes_;
  };
  using SharedBlock = std::shared_ptr<const Block>;

  /// `disk` may be null; it outlives this.
  BlockCache(Config config, Metrics& metrics, io::Executor executor, DiskCache* disk = nullptr);

  /// The block that holds the byte at `offset`, which lies within the object. Null where there is
  /// no room. Errors: the store's; corrupt (it is not what the object's hashes say, twice).
  io::Task<Result<SharedBlock>> get(std::shared_ptr<const RemoteObject> object,
                                    std::uint64_t offset);
  /// Up to out.size() bytes from `offset` on, which lies within the object, for one who found no
  /// room: from the disk, else from the store; 0 where the object ends early. Errors: the store's.
  io::Task<Result<std::size_t>> read_alone(std::shared_ptr<const RemoteObject> object,
                                           std::uint64_t offset, std::span<std::byte> out);
  /// Begins to read that block, on `executor`, for who wants it soon.
  void fetch_ahead(io::Executor executor, std::shared_ptr<const RemoteObject> object,
                   std::uint64_t offset);
  io::Task<> stop() { return ahead_.stop(); }
  /// Bytes of all blocks, with those that only viewers hold.
  std::uint64_t used() const { return memory_.used(); }
  std::uint64_t block_size() const { return config_.block_size; }

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
  io::Task<Result<>> read_from_store(std::shared_ptr<const RemoteObject> object,
                                     std::shared_ptr<Block> block);
  std::optional<DiskCache::Chunk> chunk_at(const RemoteObject& object, std::uint64_t offset) const;
  /// False where the disk does not have them; all lie in one chunk.
  io::Task<bool> read_from_disk(std::shared_ptr<const RemoteObject> object, std::uint64_t offset,
                                std::span<std::byte> out, std::shared_ptr<const void> owner);
  /// What holds the byte at `offset` was not on the disk: begins to bring it there.
  void fill_chunk(io::Executor executor, std::shared_ptr<const RemoteObject> object,
                  std::uint64_t offset);
  io::Task<> fill(std::shared_ptr<const RemoteObject> object, std::uint64_t offset,
                  std::shared_ptr<DiskCache::Fill> turn);
  /// The blocks of [begin, end), so that the next who wants them asks the store anew.
  void forget(const RemoteObject& object, std::uint64_t begin, std::uint64_t end);
  io::Task<> drop_result(std::shared_ptr<const RemoteObject> object, std::uint64_t offset);

  const Config config_;
  DiskCache* const disk_;
  Memory memory_;
  std::mutex mutex_;
  Order order_;                                                  ///< the latest used first
  std::unordered_map<std::string_view, Order::iterator> index_;  ///< by the keys in order_
  io::SingleFlight<Result<SharedBlock>> flights_;
  Counter read_;
  Counter from_disk_;
  Counter shared_;
  Counter kept_;
  Counter refused_;
  Counter damaged_;
  Gauge bytes_;
  io::TaskGroup ahead_;
};

}  // namespace shoal::delivery
