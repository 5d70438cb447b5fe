#include "delivery/disk_cache/disk_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"

namespace shoal::delivery {
namespace {

/// Chunks that came wrong and are remembered for a while.
constexpr std::size_t k_wrong = 256;

Counter look_ups(Metrics& metrics, std::string outcome) {
  return metrics.counter("shoal_media_cache_reads_total",
                         "Reads of the media cache on the disk: hit, miss, damaged (the file was "
                         "dropped), or failed",
                         {{"outcome", std::move(outcome)}});
}

Counter fills(Metrics& metrics, std::string outcome) {
  return metrics.counter("shoal_media_cache_fills_total",
                         "Chunks for the media cache on the disk: kept, refused (too many at a "
                         "time), wrong (not what was recorded), or failed",
                         {{"outcome", std::move(outcome)}});
}

}  // namespace

std::size_t DiskCache::HashOf::operator()(const ChunkHash& chunk) const {
  std::size_t first = 0;
  std::memcpy(&first, chunk.data(), sizeof first);
  return first;
}

DiskCache::DiskCache(Config config, Services services)
    : config_(std::move(config)),
      services_(std::move(services)),
      order_(config_.limit),
      hits_(look_ups(services_.metrics, "hit")),
      misses_(look_ups(services_.metrics, "miss")),
      damaged_(look_ups(services_.metrics, "damaged")),
      unreadable_(look_ups(services_.metrics, "failed")),
      kept_(fills(services_.metrics, "kept")),
      refused_(fills(services_.metrics, "refused")),
      wrong_fills_(fills(services_.metrics, "wrong")),
      failed_fills_(fills(services_.metrics, "failed")),
      evicted_(services_.metrics.counter("shoal_media_cache_evicted_total",
                                         "Chunks that left the media cache for want of room")),
      bytes_(services_.metrics.gauge("shoal_media_cache_bytes",
                                     "What the media cache takes on the disk")),
      chunks_(services_.metrics.gauge("shoal_media_cache_chunks", "Chunks in the media cache")),
      tasks_(services_.executor, "media cache") {
  services_.metrics.gauge("shoal_media_cache_limit_bytes", "Most bytes of the media cache")
      .set(static_cast<double>(config_.limit));
}

bool DiskCache::is_ready() const {
  const std::scoped_lock lock(mutex_);
  return is_ready_;
}

bool DiskCache::may(const Pause& pause) const {
  return is_ready_ && services_.clock.steady_now() >= pause.until;
}

void DiskCache::pause(Pause& which, const Error& error) {
  const std::scoped_lock lock(mutex_);
  const SteadyTime now = services_.clock.steady_now();
  // Those that were under way fail too, and say nothing new.
  if (now < which.until) return;
  which.until = now + config_.pause;
  log::error("the media cache cannot be " + std::string(which.side) +
                 "; viewers are served from the stores",
             {{"error", error.message}, {"again in ms", config_.pause.count()}});
}

void DiskCache::show_sizes() {
  bytes_.set(static_cast<double>(order_.bytes() + reserved_ + stuck_));
  chunks_.set(static_cast<double>(order_.size()));
}

Result<> DiskCache::read_blocking(const Chunk& chunk, std::uint64_t offset,
                                  std::span<std::byte> out) const {
  TRY(const auto file, services_.files.open(path_of(chunk.hash), io::OpenMode::read));
  TrailerBytes end{};
  TRY(const std::size_t got, file->read_at(chunk.size, end));
  TRY(const ChunkTrailer trailer, parse_trailer(std::span(end).first(got)));
  if (trailer.chunk != chunk.hash || trailer.size != chunk.size)
    return fail(ErrorCode::corrupt, "a chunk's file holds another chunk");
  // Whole pieces are what can be checked.
  constexpr std::uint64_t k_piece = ChunkTrailer::k_piece;
  const std::uint64_t begin = offset / k_piece * k_piece;
  const std::uint64_t wanted = offset + out.size();
  const std::uint64_t rounded =
      std::min<std::uint64_t>((wanted + k_piece - 1) / k_piece * k_piece, chunk.size);
  std::vector<std::byte> around;
  std::span<std::byte> pieces = out;
  if (begin != offset || rounded != wanted) {
    around.resize(rounded - begin);
    pieces = around;
  }
  TRY(const std::size_t read, file->read_at(begin, pieces));
  if (read != pieces.size()) return fail(ErrorCode::corrupt, "a chunk's file is too short");
  for (std::size_t at = 0; at < pieces.size(); at += k_piece) {
    const auto piece = pieces.subspan(at, std::min<std::size_t>(k_piece, pieces.size() - at));
    if (!trailer.is_piece((begin + at) / k_piece, piece))
      return fail(ErrorCode::corrupt, "a piece of a chunk is not what was written");
  }
  if (!around.empty()) std::memcpy(out.data(), around.data() + (offset - begin), out.size());
  return {};
}

void DiskCache::drop(const ChunkHash& chunk, bool is_there) {
  {
    const std::scoped_lock lock(mutex_);
    order_.erase(chunk);
    show_sizes();
  }
  // What cannot be removed is written over when it comes again, or found by the next start.
  if (is_there) std::ignore = services_.files.remove(path_of(chunk));
}

io::Task<bool> DiskCache::read(Chunk chunk, std::uint64_t offset, std::span<std::byte> out,
                               std::shared_ptr<const void> owner) {
  SHOAL_CHECK(offset + out.size() <= chunk.size);
  {
    const std::scoped_lock lock(mutex_);
    if (!may(reading_) || !order_.use(chunk.hash, offset)) {
      misses_.add();
      co_return false;
    }
  }
  const auto got = co_await services_.offload.run(
      [this, chunk, offset, out, owner = std::move(owner)]() -> Result<> {
        auto done = read_blocking(chunk, offset, out);
        // Gone is what was evicted meanwhile, or deleted by somebody.
        if (!done &&
            (done.error().code == ErrorCode::corrupt || done.error().code == ErrorCode::not_found))
          drop(chunk.hash, done.error().code == ErrorCode::corrupt);
        return done;
      });
  if (got) {
    hits_.add();
    co_return true;
  }
  if (got.error().code == ErrorCode::corrupt) {
    damaged_.add();
    log::warn("a chunk in the media cache is damaged and was dropped",
              {{"chunk", to_hex(chunk.hash)}, {"error", got.error().message}});
  } else if (got.error().code == ErrorCode::unavailable) {
    unreadable_.add();
    pause(reading_, got.error());
  } else {
    misses_.add();
  }
  co_return false;
}

std::shared_ptr<DiskCache::Fill> DiskCache::begin_fill(Chunk chunk) {
  const std::scoped_lock lock(mutex_);
  if (!may(writing_) || order_.contains(chunk.hash) || filling_.contains(chunk.hash))
    return nullptr;
  const SteadyTime now = services_.clock.steady_now();
  while (!wrong_.empty() && now >= wrong_.front().second) wrong_.pop_front();
  const bool was_wrong =
      std::ranges::any_of(wrong_, [&](const auto& wrong) { return wrong.first == chunk.hash; });
  if (was_wrong) return nullptr;
  if (filling_.size() >= config_.fills ||
      reserved_ + stuck_ + S3Fifo::cost_of(chunk.size) > config_.limit) {
    refused_.add();
    return nullptr;
  }
  filling_.insert(chunk.hash);
  reserved_ += S3Fifo::cost_of(chunk.size);
  return std::make_shared<Fill>(*this, chunk);
}

void DiskCache::end_fill(const Chunk& chunk) {
  const std::scoped_lock lock(mutex_);
  filling_.erase(chunk.hash);
  reserved_ -= S3Fifo::cost_of(chunk.size);
  show_sizes();
}

void DiskCache::give_up(const Fill&) {
  failed_fills_.add();
}

void DiskCache::note_wrong(const Chunk& chunk) {
  wrong_fills_.add();
  const std::scoped_lock lock(mutex_);
  wrong_.emplace_back(chunk.hash, services_.clock.steady_now() + config_.pause);
  if (wrong_.size() > k_wrong) wrong_.pop_front();
}

Result<> DiskCache::make_room(const Chunk& chunk) {
  std::vector<S3Fifo::Kept> gone;
  {
    const std::scoped_lock lock(mutex_);
    gone = order_.shrink_to(config_.limit - std::min(config_.limit, reserved_ + stuck_));
  }
  for (const S3Fifo::Kept& old : gone) {
    evicted_.add();
    const auto removed = services_.files.remove(path_of(old.chunk));
    if (removed || removed.error().code == ErrorCode::not_found) continue;
    const std::scoped_lock lock(mutex_);
    stuck_ += S3Fifo::cost_of(old.size);
  }
  TRY(const std::uint64_t free, services_.files.free_bytes(config_.folder));
  if (free < config_.keep_free + S3Fifo::cost_of(chunk.size))
    return fail(ErrorCode::full, "the disk of the media cache is nearly full");
  return {};
}

Result<> DiskCache::write(const Chunk& chunk, const ChunkTrailer& trailer,
                          const std::vector<Part>& parts) {
  const io::Path path = path_of(chunk.hash);
  io::Path temporary = path;
  temporary += ".tmp";
  auto opened = services_.files.open(temporary, io::OpenMode::create_new);
  if (!opened && opened.error().code == ErrorCode::not_found) {
    TRY_VOID(services_.files.create_directories(path.parent_path()));
    opened = services_.files.open(temporary, io::OpenMode::create_new);
  } else if (!opened && opened.error().code == ErrorCode::conflict) {
    // An earlier try could not remove it. Not cut to nothing: some file systems then write a file
    // out as it is closed.
    TRY_VOID(services_.files.remove(temporary));
    opened = services_.files.open(temporary, io::OpenMode::create_new);
  }
  const auto write_all = [&]() -> Result<> {
    TRY(const auto file, std::move(opened));
    std::uint64_t at = 0;
    for (const Part& part : parts) {
      TRY_VOID(file->write_at(at, part.bytes));
      at += part.bytes.size();
    }
    TRY_VOID(file->write_at(at, render_trailer(trailer)));
    return {};
  };
  Result<> done = write_all();
  // Never synced: who reads it finds what a crash has torn.
  if (done) done = services_.files.rename(temporary, path);
  if (!done) std::ignore = services_.files.remove(temporary);
  return done;
}

Result<> DiskCache::keep_blocking(const Chunk& chunk, const std::vector<Part>& parts) {
  ChunkSummer summer;
  for (const Part& part : parts) summer.update(part.bytes);
  const ChunkTrailer trailer = summer.finish();
  if (trailer.chunk != chunk.hash || trailer.size != chunk.size)
    return fail(ErrorCode::corrupt, "what the store gave is not what was recorded");
  TRY_VOID(make_room(chunk));
  TRY_VOID(write(chunk, trailer, parts));
  const std::scoped_lock lock(mutex_);
  order_.insert({chunk.hash, chunk.size});
  return {};
}

io::Task<Result<>> DiskCache::keep(std::shared_ptr<Fill> fill, std::vector<Part> parts) {
  const Chunk chunk = fill->chunk();
  auto kept = co_await services_.offload.run(
      [this, fill = std::move(fill), parts = std::move(parts)]() mutable -> Result<> {
        auto done = keep_blocking(fill->chunk(), parts);
        fill.reset();
        return done;
      });
  if (kept) {
    kept_.add();
  } else if (kept.error().code == ErrorCode::corrupt) {
    note_wrong(chunk);
  } else {
    failed_fills_.add();
    if (kept.error().code != ErrorCode::busy) pause(writing_, kept.error());
  }
  co_return kept;
}

}  // namespace shoal::delivery
