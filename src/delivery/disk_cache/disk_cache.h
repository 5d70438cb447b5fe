#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "delivery/disk_cache/chunk_file.h"
#include "delivery/disk_cache/s3_fifo.h"
#include "io/file_system.h"
#include "io/offload.h"
#include "io/task.h"
#include "io/task_group.h"

namespace shoal::delivery {

/// Chunks of media that were read over a network, in a folder of this process alone; the tier below
/// BlockCache. It knows chunks by their SHA-256 and nothing of files, stores or viewers: what it
/// holds was compared with that hash before it was written, and what it gives is compared with the
/// sums that were taken then. So nothing in the folder needs to be synced or cared for: what a
/// crash tears is dropped when it is read, and the folder may be deleted while nobody runs. The
/// order is in memory (S3Fifo); a restart keeps the chunks, the oldest first. A disk that fails or
/// is full costs its time and no answer: the cache leaves it alone for a while. Format:
/// docs/formats/media-cache.md. Any thread; stop() before destruction.
class DiskCache {
 public:
  struct Config {
    io::Path folder;
    std::uint64_t limit = 0;  ///< bytes on the disk; 0: the folder is removed
    /// What uploads and the database need is left: nothing is written where less would be free.
    std::uint64_t keep_free = std::uint64_t{1} << 30;
    std::size_t fills = 4;       ///< at a time
    Milliseconds pause{60'000};  ///< after trouble with the disk, or wrong bytes of a chunk
  };
  struct Services {
    io::FileSystem& files;
    io::Offload& offload;  ///< for this alone: a disk that hangs must hold up nothing else
    const Clock& clock;
    Metrics& metrics;
    io::Executor executor;
  };
  DiskCache(Config config, Services services);

  /// Looks at what is in the folder, in the background; until then nothing is found or kept.
  void start();
  io::Task<> stop() { return tasks_.stop(); }
  bool is_ready() const;

  /// A chunk as its file's record tells it.
  struct Chunk {
    ChunkHash hash{};
    std::uint32_t size = 0;
  };
  /// Fills `out`, which `owner` keeps alive, with the chunk's bytes from `offset` on; false where
  /// they must be had elsewhere. The range lies within the chunk.
  io::Task<bool> read(Chunk chunk, std::uint64_t offset, std::span<std::byte> out,
                      std::shared_ptr<const void> owner);

  /// The right to fill in a chunk; it is given back as it goes.
  class Fill {
   public:
    Fill(DiskCache& cache, Chunk chunk) : cache_(cache), chunk_(chunk) {}
    ~Fill() { cache_.end_fill(chunk_); }
    Fill(const Fill&) = delete;
    Fill& operator=(const Fill&) = delete;
    const Chunk& chunk() const { return chunk_; }

   private:
    DiskCache& cache_;
    const Chunk chunk_;
  };
  /// Null where the chunk is there or on its way, or too many fills are.
  std::shared_ptr<Fill> begin_fill(Chunk chunk);
  /// Some of a chunk's bytes, and what keeps them alive.
  struct Part {
    std::shared_ptr<const void> owner;
    std::span<const std::byte> bytes;
  };
  /// Keeps the chunk, which is these parts. Errors: corrupt (they are not what the hash says);
  /// busy, full, unavailable (it is not kept, which is told to the log and counted here).
  io::Task<Result<>> keep(std::shared_ptr<Fill> fill, std::vector<Part> parts);
  /// The parts could not be had.
  void give_up(const Fill& fill);

 private:
  /// Leaves a side of the disk alone for a while, and says so once.
  struct Pause {
    std::string_view side;
    SteadyTime until{};
  };
  /// What a scan has found, the oldest on top: no more of it than may stay.
  struct Found {
    S3Fifo::Kept kept;
    UtcTime modified{};
  };
  struct Scan {
    std::vector<Found> heap;
    std::uint64_t bytes = 0;
  };

  io::Task<> look_at_folder();
  Result<> scan_folder(Scan& scan, unsigned number) const;
  void scan_file(Scan& scan, const io::Path& folder, const std::string& name) const;
  void take_over(Scan scan);

  Result<> read_blocking(const Chunk& chunk, std::uint64_t offset, std::span<std::byte> out) const;
  Result<> keep_blocking(const Chunk& chunk, const std::vector<Part>& parts);
  Result<> write(const Chunk& chunk, const ChunkTrailer& trailer, const std::vector<Part>& parts);
  Result<> make_room(const Chunk& chunk);
  void end_fill(const Chunk& chunk);
  void note_wrong(const Chunk& chunk);
  void drop(const ChunkHash& chunk, bool is_there);
  bool may(const Pause& pause) const;  ///< under mutex_
  void pause(Pause& which, const Error& error);
  void show_sizes();  ///< under mutex_
  io::Path path_of(const ChunkHash& chunk) const { return config_.folder / chunk_path(chunk); }

  struct HashOf {
    std::size_t operator()(const ChunkHash& chunk) const;
  };

  const Config config_;
  Services services_;
  mutable std::mutex mutex_;
  bool is_ready_ = false;
  S3Fifo order_;
  std::unordered_set<ChunkHash, HashOf> filling_;
  std::uint64_t reserved_ = 0;                          ///< for those, on the disk
  std::uint64_t stuck_ = 0;                             ///< of files that could not be removed
  std::deque<std::pair<ChunkHash, SteadyTime>> wrong_;  ///< came so lately, the oldest first
  Pause reading_{.side = "read"};
  Pause writing_{.side = "written"};
  Counter hits_;
  Counter misses_;
  Counter damaged_;
  Counter unreadable_;
  Counter kept_;
  Counter refused_;
  Counter wrong_fills_;
  Counter failed_fills_;
  Counter evicted_;
  Gauge bytes_;
  Gauge chunks_;
  io::TaskGroup tasks_;
};

}  // namespace shoal::delivery
