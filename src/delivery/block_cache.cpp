#include "delivery/block_cache.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"

namespace shoal::delivery {
namespace {

/// What a block costs at least: its place in list and index.
constexpr std::size_t k_smallest_cost = 4096;

Counter counter(Metrics& metrics, std::string outcome) {
  return metrics.counter("shoal_media_blocks_total",
                         "Blocks of remote media by how they were found: read from the store, "
                         "shared with one who was reading it, kept, or refused for want of room",
                         {{"outcome", std::move(outcome)}});
}

}  // namespace

BlockCache::Block::Block(std::uint64_t offset, std::size_t size,
                         std::atomic<std::uint64_t>& account)
    : offset_(offset),
      size_(size),
      bytes_(std::make_unique_for_overwrite<std::byte[]>(size)),
      account_(account) {
  account_ += std::max(size_, k_smallest_cost);
}

BlockCache::Block::~Block() {
  account_ -= std::max(size_, k_smallest_cost);
}

BlockCache::BlockCache(Config config, Metrics& metrics, io::Executor executor)
    : config_(config),
      read_(counter(metrics, "read")),
      shared_(counter(metrics, "shared")),
      kept_(counter(metrics, "kept")),
      refused_(counter(metrics, "refused")),
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
  bytes_.set(static_cast<double>(used_.load()));
}

std::shared_ptr<BlockCache::Block> BlockCache::make_room(std::uint64_t offset, std::size_t size) {
  const std::scoped_lock lock(mutex_);
  const auto is_full = [&] { return used_ + std::max(size, k_smallest_cost) > config_.limit; };
  for (auto slot = order_.end(); is_full() && slot != order_.begin();) {
    --slot;
    // Dropping what a viewer holds would give nothing back.
    if (slot->block.use_count() > 1) continue;
    index_.erase(slot->key);
    slot = order_.erase(slot);
  }
  return is_full() ? nullptr : std::make_shared<Block>(offset, size, used_);
}

io::Task<Result<BlockCache::SharedBlock>> BlockCache::read(
    std::shared_ptr<const RemoteObject> object, std::uint64_t offset) {
  blob::ObjectReader& reader = *object->reader;
  const std::uint64_t left = reader.size() - offset;
  const auto block =
      make_room(offset, static_cast<std::size_t>(std::min(left, config_.block_size)));
  if (!block) co_return SharedBlock();
  const std::span<std::byte> bytes = block->bytes();
  for (std::size_t at = 0; at < bytes.size();) {
    CO_TRY(const std::size_t got, co_await reader.read_at(offset + at, bytes.subspan(at)));
    if (got == 0) co_return fail(ErrorCode::corrupt, "the object is shorter than it was");
    at += got;
  }
  // Larger ones have no hash of a range; what is kept of small ones must be right, for it stays.
  const bool is_whole = bytes.size() == reader.size() && !object->sha256.empty();
  if (is_whole && to_hex(Sha256::of(bytes)) != object->sha256)
    co_return fail(ErrorCode::corrupt, "the object is not what was recorded");
  co_return block;
}

io::Task<Result<BlockCache::SharedBlock>> BlockCache::get(
    std::shared_ptr<const RemoteObject> object, std::uint64_t offset) {
  offset -= offset % config_.block_size;
  if (offset >= object->reader->size())
    co_return fail(ErrorCode::corrupt, "the object is shorter than its record");
  const std::string key = fmt::format("{} {}", offset, object->id);
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
      (block && !*block ? refused_ : read_).add();
    }
    flight.turn->land(block);
    co_return block;
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
