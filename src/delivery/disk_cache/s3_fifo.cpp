#include "delivery/disk_cache/s3_fifo.h"

#include <algorithm>
#include <iterator>

namespace shoal::delivery {
namespace {

/// What files are rounded up to by usual file systems.
constexpr std::uint64_t k_disk_block = 4096;
constexpr std::uint64_t k_small_share = 10;  // one part of so many
constexpr std::uint8_t k_most_uses = 3;
/// A chunk needs some 150 bytes of memory: with one for each MiB at the most, 100 GB need 15 MB.
constexpr std::uint64_t k_bytes_per_chunk = std::uint64_t{1} << 20;
constexpr std::size_t k_least_chunks = 4096;

}  // namespace

std::uint64_t S3Fifo::cost_of(std::uint32_t size) {
  const std::uint64_t file = size + std::uint64_t{ChunkTrailer::k_size};
  return (file + k_disk_block - 1) / k_disk_block * k_disk_block;
}

S3Fifo::S3Fifo(std::uint64_t limit)
    : limit_(limit),
      most_(static_cast<std::size_t>((limit / k_bytes_per_chunk) + k_least_chunks)) {}

bool S3Fifo::use(const ChunkHash& chunk, std::uint64_t offset) {
  const auto found = kept_.find(chunk);
  if (found == kept_.end()) return false;
  Entry& entry = *found->second;
  if (offset <= entry.last_offset && entry.uses < k_most_uses) ++entry.uses;
  entry.last_offset = offset;
  return true;
}

void S3Fifo::push(Entry entry) {
  Sized& to = queue_of(entry);
  to.bytes += cost_of(entry.kept.size);
  to.queue.push_front(entry);
  kept_.emplace(entry.kept.chunk, to.queue.begin());
}

void S3Fifo::insert(Kept chunk) {
  if (contains(chunk.chunk)) return;
  Entry entry{.kept = chunk};
  if (const auto ghost = remembered_.find(chunk.chunk); ghost != remembered_.end()) {
    entry.is_main = true;
    ghosts_.bytes -= cost_of(ghost->second->kept.size);
    ghosts_.queue.erase(ghost->second);
    remembered_.erase(ghost);
  }
  push(entry);
}

void S3Fifo::insert_old(Kept chunk) {
  if (!contains(chunk.chunk)) push({.kept = chunk, .is_main = true});
}

bool S3Fifo::erase(const ChunkHash& chunk) {
  const auto found = kept_.find(chunk);
  if (found == kept_.end()) return false;
  Sized& from = queue_of(*found->second);
  from.bytes -= cost_of(found->second->kept.size);
  from.queue.erase(found->second);
  kept_.erase(found);
  return true;
}

void S3Fifo::move_to_main(Sized& from, Queue::iterator entry, std::uint8_t uses) {
  const std::uint64_t cost = cost_of(entry->kept.size);
  from.bytes -= cost;
  main_.bytes += cost;
  entry->is_main = true;
  entry->uses = uses;
  main_.queue.splice(main_.queue.begin(), from.queue, entry);
}

void S3Fifo::take_out(Sized& from, Queue::iterator entry, std::vector<Kept>& gone) {
  gone.push_back(entry->kept);
  from.bytes -= cost_of(entry->kept.size);
  kept_.erase(entry->kept.chunk);
  from.queue.erase(entry);
}

void S3Fifo::remember(const Kept& gone) {
  ghosts_.queue.push_front({.kept = gone});
  ghosts_.bytes += cost_of(gone.size);
  remembered_.insert_or_assign(gone.chunk, ghosts_.queue.begin());
  // As many as the main queue has room for.
  const std::uint64_t room = limit_ - (limit_ / k_small_share);
  while (ghosts_.bytes > room || ghosts_.queue.size() > most_) {
    const Entry& oldest = ghosts_.queue.back();
    ghosts_.bytes -= cost_of(oldest.kept.size);
    remembered_.erase(oldest.kept.chunk);
    ghosts_.queue.pop_back();
  }
}

bool S3Fifo::evict_small(std::vector<Kept>& gone) {
  while (!small_.queue.empty()) {
    const auto oldest = std::prev(small_.queue.end());
    if (oldest->uses > 1) {
      move_to_main(small_, oldest, 0);
      continue;
    }
    take_out(small_, oldest, gone);
    remember(gone.back());
    return true;
  }
  return false;
}

void S3Fifo::evict_main(std::vector<Kept>& gone) {
  while (!main_.queue.empty()) {
    const auto oldest = std::prev(main_.queue.end());
    if (oldest->uses == 0) {
      take_out(main_, oldest, gone);
      return;
    }
    move_to_main(main_, oldest, static_cast<std::uint8_t>(oldest->uses - 1));
  }
}

std::vector<S3Fifo::Kept> S3Fifo::shrink_to(std::uint64_t bytes) {
  std::vector<Kept> gone;
  while (!kept_.empty() && (this->bytes() > bytes || size() >= most_)) {
    const bool is_small_full = small_.bytes >= limit_ / k_small_share || main_.queue.empty();
    if (!is_small_full || !evict_small(gone)) evict_main(gone);
  }
  return gone;
}

}  // namespace shoal::delivery
