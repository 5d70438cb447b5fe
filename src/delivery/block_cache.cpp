#include "delivery/block_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"

namespace shoal::delivery {
namespace {

/// What a block costs at least: its place in list and index.
constexpr std::size_t k_smallest_cost = 4096;
/// Blocks' memory that is kept for the next ones: one goes as one comes, or a few of each.
constexpr std::size_t k_spare = 4;

Counter counter(Metrics& metrics, std::string outcome) {
  return metrics.counter("shoal_media_blocks_total",
                         "Blocks of remote media by how they were found: read from the store or "
                         "the disk, shared with one who was reading it, kept, refused for want "
                         "of room, or damaged",
                         {{"outcome", std::move(outcome)}});
}

std::string key_of(const RemoteObject& object, std::uint64_t offset) {
  return fmt::format("{} {}", offset, object.id);
}

/// Whether a block is what was recorded of its object, as far as that tells.
bool is_right(const RemoteObject& object, std::uint64_t offset, std::span<const std::byte> bytes) {
  const std::uint64_t size = object.reader->size();
  if (bytes.size() == size && !object.sha256.empty())
    return to_hex(Sha256::of(bytes)) == object.sha256;
  return object.hashes.fit(offset, bytes, size);
}

}  // namespace

std::unique_ptr<std::byte[]> BlockCache::Memory::take(std::size_t size) {
  used_ += std::max(size, k_smallest_cost);
  if (size == block_size_) {
    const std::scoped_lock lock(mutex_);
    if (!spare_.empty()) {
      auto bytes = std::move(spare_.back());
      spare_.pop_back();
      return bytes;
    }
  }
  return std::make_unique_for_overwrite<std::byte[]>(size);
}

void BlockCache::Memory::give_back(std::unique_ptr<std::byte[]> bytes, std::size_t size) {
  used_ -= std::max(size, k_smallest_cost);
  if (size != block_size_) return;
  const std::scoped_lock lock(mutex_);
  if (spare_.size() < k_spare) spare_.push_back(std::move(bytes));
}

BlockCache::BlockCache(Config config, Metrics& metrics, io::Executor executor, DiskCache* disk)
    : config_(config),
      disk_(disk),
      memory_(config.block_size),
      read_(counter(metrics, "read")),
      from_disk_(counter(metrics, "disk")),
      shared_(counter(metrics, "shared")),
      kept_(counter(metrics, "kept")),
      refused_(counter(metrics, "refused")),
      damaged_(counter(metrics, "damaged")),
      bytes_(metrics.gauge("shoal_media_block_bytes", "Memory of the blocks of remote media")),
      ahead_(std::move(executor), "media read ahead") {}

BlockCache::SharedBlock BlockCache::find(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  order_.splice(order_.begin(), order_, found->second);
  return found->second->block;
}

void BlockCache::keep(const std::string& key, SharedBlock block) {
  const std::scoped_lock lock(mutex_);
  if (index_.contains(key)) return;
  order_.push_front({key, std::move(block)});
  index_.emplace(order_.front().key, order_.begin());
  bytes_.set(static_cast<double>(used()));
}

std::shared_ptr<BlockCache::Block> BlockCache::make_room(std::uint64_t offset, std::size_t size) {
  const std::scoped_lock lock(mutex_);
  const auto is_full = [&] { return used() + std::max(size, k_smallest_cost) > config_.limit; };
  for (auto slot = order_.end(); is_full() && slot != order_.begin();) {
    --slot;
    // Dropping what a viewer holds would give nothing back.
    if (slot->block.use_count() > 1) continue;
    index_.erase(slot->key);
    slot = order_.erase(slot);
  }
  return is_full() ? nullptr : std::make_shared<Block>(offset, size, memory_);
}

io::Task<Result<>> BlockCache::read_from_store(std::shared_ptr<const RemoteObject> object,
                                               std::shared_ptr<Block> block) {
  const std::span<std::byte> bytes = block->bytes();
  // Once more where it came damaged: perhaps it was on the way that it was.
  for (int tries = 0; tries < 2; ++tries) {
    read_.add();
    for (std::size_t at = 0; at < bytes.size();) {
      CO_TRY(const std::size_t got,
             co_await object->reader->read_at(block->begin() + at, bytes.subspan(at)));
      if (got == 0) co_return fail(ErrorCode::corrupt, "the object is shorter than it was");
      at += got;
    }
    if (is_right(*object, block->begin(), bytes)) co_return Result<>{};
    damaged_.add();
  }
  co_return fail(ErrorCode::corrupt,
                 fmt::format("bytes {} to {} of the object are not what was recorded",
                             block->begin(), block->end()));
}

io::Task<Result<BlockCache::SharedBlock>> BlockCache::read(
    std::shared_ptr<const RemoteObject> object, std::uint64_t offset) {
  const std::uint64_t left = object->reader->size() - offset;
  const auto block =
      make_room(offset, static_cast<std::size_t>(std::min(left, config_.block_size)));
  if (!block) {
    refused_.add();
    co_return SharedBlock();
  }
  const std::span<std::byte> bytes = block->bytes();
  if (co_await read_from_disk(object, offset, bytes, block)) {
    from_disk_.add();
    co_return block;
  }
  CO_TRY_VOID(co_await read_from_store(object, block));
  fill_chunk(co_await boost::asio::this_coro::executor, object, offset);
  co_return block;
}

io::Task<Result<BlockCache::SharedBlock>> BlockCache::get(
    std::shared_ptr<const RemoteObject> object, std::uint64_t offset) {
  offset -= offset % config_.block_size;
  if (offset >= object->reader->size())
    co_return fail(ErrorCode::corrupt, "the object is shorter than its record");
  const std::string key = key_of(*object, offset);
  for (;;) {
    if (auto known = find(key)) {
      kept_.add();
      co_return known;
    }
    auto flight = co_await flights_.board(key);
    if (flight.found) {
      shared_.add();
      co_return *std::move(flight.found);
    }
    if (!flight.turn) continue;
    // The one before may have landed since the look above.
    Result<SharedBlock> block = find(key);
    if (!*block) {
      block = co_await read(object, offset);
      if (block && *block) keep(key, *block);
    }
    flight.turn->land(block);
    co_return block;
  }
}

std::optional<DiskCache::Chunk> BlockCache::chunk_at(const RemoteObject& object,
                                                     std::uint64_t offset) const {
  const std::uint64_t number = offset / config_.chunk_size;
  if (disk_ == nullptr || number >= object.hashes.chunks.size()) return std::nullopt;
  const std::uint64_t left = object.reader->size() - (number * config_.chunk_size);
  return DiskCache::Chunk{object.hashes.chunks[number],
                          static_cast<std::uint32_t>(std::min(left, config_.chunk_size))};
}

io::Task<bool> BlockCache::read_from_disk(std::shared_ptr<const RemoteObject> object,
                                          std::uint64_t offset, std::span<std::byte> out,
                                          std::shared_ptr<const void> owner) {
  const auto chunk = chunk_at(*object, offset);
  if (!chunk) co_return false;
  co_return co_await disk_->read(*chunk, offset % config_.chunk_size, out, std::move(owner));
}

io::Task<Result<std::size_t>> BlockCache::read_alone(std::shared_ptr<const RemoteObject> object,
                                                     std::uint64_t offset,
                                                     std::span<std::byte> out) {
  if (const auto chunk = chunk_at(*object, offset)) {
    const std::uint64_t left = chunk->size - (offset % config_.chunk_size);
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, out.size()));
    // Memory of its own: a cancelled viewer's may be gone before the disk is done.
    const auto buffer = std::make_shared<std::vector<std::byte>>(size);
    if (co_await read_from_disk(object, offset, *buffer, buffer)) {
      std::ranges::copy(*buffer, out.begin());
      co_return size;
    }
  }
  co_return co_await object->reader->read_at(offset, out);
}

void BlockCache::fill_chunk(io::Executor executor, std::shared_ptr<const RemoteObject> object,
                            std::uint64_t offset) {
  const auto chunk = chunk_at(*object, offset);
  if (!chunk) return;
  if (auto turn = disk_->begin_fill(*chunk))
    ahead_.spawn_on(std::move(executor), fill(std::move(object), offset, std::move(turn)));
}

io::Task<> BlockCache::fill(std::shared_ptr<const RemoteObject> object, std::uint64_t offset,
                            std::shared_ptr<DiskCache::Fill> turn) {
  const std::uint64_t begin = offset - (offset % config_.chunk_size);
  const std::uint64_t end = begin + turn->chunk().size;
  const std::uint64_t step = config_.block_size;
  const std::uint64_t count = (end - begin + step - 1) / step;
  std::vector<DiskCache::Part> parts(count);
  // First what the viewer is going to want next.
  const std::uint64_t first = (offset - begin) / step;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t number = (first + i) % count;
    const auto got = co_await get(object, begin + (number * step));
    if (!got || !*got) {
      disk_->give_up(*turn);
      co_return;
    }
    parts[number] = {*got, (*got)->bytes()};
  }
  const auto kept = co_await disk_->keep(std::move(turn), std::move(parts));
  if (kept || kept.error().code != ErrorCode::corrupt) co_return;
  log::error("a part of an object is not what was recorded",
             {{"object", object->id}, {"from", begin}, {"to", end}});
  forget(*object, begin, end);
}

void BlockCache::forget(const RemoteObject& object, std::uint64_t begin, std::uint64_t end) {
  const std::scoped_lock lock(mutex_);
  for (std::uint64_t offset = begin; offset < end; offset += config_.block_size) {
    const auto found = index_.find(key_of(object, offset));
    if (found == index_.end()) continue;
    const auto slot = found->second;
    index_.erase(found);
    order_.erase(slot);
  }
}

io::Task<> BlockCache::drop_result(std::shared_ptr<const RemoteObject> object,
                                   std::uint64_t offset) {
  // Who wants the block asks again, and is told what is wrong.
  std::ignore = co_await get(std::move(object), offset);
}

void BlockCache::fetch_ahead(io::Executor executor, std::shared_ptr<const RemoteObject> object,
                             std::uint64_t offset) {
  if (offset < object->reader->size())
    ahead_.spawn_on(std::move(executor), drop_result(std::move(object), offset));
}

}  // namespace shoal::delivery
