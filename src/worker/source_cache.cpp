#include "worker/source_cache.h"

#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>

namespace shoal::worker {
namespace {

constexpr std::size_t k_block = std::size_t{1} << 20;
/// How often who waits for another's fetch looks whether it is over.
constexpr Milliseconds k_look{200};

}  // namespace

/// Who fetches a source; the others wait. Also a fetch that was cancelled ends its turn.
class SourceCache::Turn {
 public:
  explicit Turn(Entry& entry) : entry_(entry) { entry_.is_fetched_now = true; }
  ~Turn() { entry_.is_fetched_now = false; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Entry& entry_;
};

SourceCache::Use::Use(SourceCache& cache, const Uuid& video) : cache_(cache), video_(video) {
  ++cache_.entries_[video_].users;
  cache_.unused_.remove(video_);
}

SourceCache::Use::~Use() {
  if (--cache_.entries_[video_].users > 0) return;
  cache_.unused_.push_back(video_);
  cache_.drop_unused();
}

void SourceCache::drop_unused() {
  while (unused_.size() > kept_) {
    const Uuid oldest = unused_.front();
    unused_.pop_front();
    entries_.erase(oldest);
    (void)files_.remove(path_of(oldest));
  }
}

io::Task<Result<io::Path>> SourceCache::Use::fetch(std::uint64_t size, Open open) {
  const io::Path path = cache_.path_of(video_);
  // Of a map: it stays where it is while it has users.
  Entry& entry = cache_.entries_[video_];
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
  while (entry.is_fetched_now) {
    pause.expires_after(k_look);
    co_await pause.async_wait(io::use_awaitable);
  }
  const Turn turn(entry);
  CO_TRY(const std::uint64_t there, co_await cache_.size_of(path));
  if (there < size) {
    const auto fetched = co_await cache_.fetch_rest(path, there, size, std::move(open));
    // What does not belong together is fetched anew.
    if (!fetched && fetched.error().code == ErrorCode::corrupt) (void)cache_.files_.remove(path);
    CO_TRY_VOID(fetched);
  }
  co_return path;
}

io::Task<Result<std::uint64_t>> SourceCache::size_of(io::Path path) {
  const auto status = co_await disk_.run([&files = files_, path] { return files.status(path); });
  if (status) co_return status->size;
  if (status.error().code == ErrorCode::not_found) co_return std::uint64_t{0};
  co_return std::unexpected(status.error());
}

io::Task<Result<>> SourceCache::fetch_rest(io::Path path, std::uint64_t from, std::uint64_t size,
                                           Open open) {
  CO_TRY(std::shared_ptr<io::File> file, co_await disk_.run([&files = files_, path] {
    return files.open(path, io::OpenMode::create);
  }));
  CO_TRY(const std::unique_ptr<net::BodySource> body, co_await open(from));
  const auto block = std::make_shared<std::vector<std::byte>>(k_block);
  for (std::uint64_t at = from;;) {
    CO_TRY(const std::size_t got, co_await body->read(*block));
    if (got == 0) {
      if (at == size) co_return Result<>{};
      co_return fail(ErrorCode::unavailable, "the source was cut off");
    }
    if (got > size - at) co_return fail(ErrorCode::corrupt, "the source is larger than was said");
    CO_TRY_VOID(co_await disk_.run(
        [file, block, at, got] { return file->write_at(at, std::span(*block).first(got)); }));
    at += got;
  }
}

}  // namespace shoal::worker
