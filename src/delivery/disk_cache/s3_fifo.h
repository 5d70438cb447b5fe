#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <list>
#include <unordered_map>
#include <vector>

#include "delivery/disk_cache/chunk_file.h"

namespace shoal::delivery {

/// Which chunks to keep: S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi: "FIFO queues are all you need for
/// cache eviction", SOSP 2023), by bytes. What is new passes a small queue, a tenth of the room;
/// what was used there more than once goes on into the main queue, where each use since the last
/// turn gives another turn. What left the small queue is remembered a while, and goes straight into
/// the main one when it comes again. So what is played once never drives out what is played often.
/// One thread at a time.
class S3Fifo {
 public:
  struct Kept {
    ChunkHash chunk{};
    std::uint32_t size = 0;  ///< bytes of the chunk
  };
  /// What a chunk takes on the disk, with its trailer.
  static std::uint64_t cost_of(std::uint32_t size);

  /// `limit` bytes, and at most so many chunks, so that many small files need no more memory than
  /// is known before.
  explicit S3Fifo(std::uint64_t limit);

  bool contains(const ChunkHash& chunk) const { return kept_.contains(chunk); }
  /// A read of its bytes from `offset` on; false where it is not kept. A viewer takes a chunk in
  /// several reads, one behind the other: only one that does not go forward is a new use.
  bool use(const ChunkHash& chunk, std::uint64_t offset);
  void insert(Kept chunk);
  /// One of an earlier run, of which no more is known than that it was kept; the oldest come first.
  void insert_old(Kept chunk);
  /// It is gone, and not for want of room; false where it was not kept.
  bool erase(const ChunkHash& chunk);
  /// Takes out what must go so that no more than so many bytes remain, and room for one more chunk.
  std::vector<Kept> shrink_to(std::uint64_t bytes);

  std::uint64_t bytes() const { return small_.bytes + main_.bytes; }
  std::size_t size() const { return kept_.size(); }
  std::size_t most() const { return most_; }

 private:
  struct Entry {
    Kept kept;
    bool is_main = false;
    std::uint8_t uses = 0;
    std::uint64_t last_offset = UINT64_MAX;  ///< of the last read
  };
  using Queue = std::list<Entry>;  ///< the newest first
  struct Sized {
    Queue queue;
    std::uint64_t bytes = 0;
  };
  struct Hash {
    std::size_t operator()(const ChunkHash& chunk) const {
      std::size_t first = 0;
      std::memcpy(&first, chunk.data(), sizeof first);
      return first;
    }
  };
  using Index = std::unordered_map<ChunkHash, Queue::iterator, Hash>;

  Sized& queue_of(const Entry& entry) { return entry.is_main ? main_ : small_; }
  void push(Entry entry);
  /// Moves an entry to the front of the main queue.
  void move_to_main(Sized& from, Queue::iterator entry, std::uint8_t uses);
  /// Nothing where every chunk of the queue has moved on.
  bool evict_small(std::vector<Kept>& gone);
  void evict_main(std::vector<Kept>& gone);
  void take_out(Sized& from, Queue::iterator entry, std::vector<Kept>& gone);
  void remember(const Kept& gone);

  const std::uint64_t limit_;
  const std::size_t most_;
  Sized small_;
  Sized main_;
  Index kept_;
  Sized ghosts_;  ///< names only
  Index remembered_;
};

}  // namespace shoal::delivery
