#include "delivery/object_body.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <cstring>

namespace shoal::delivery {
namespace {

constexpr std::uint64_t k_first = std::uint64_t{64} << 10;
constexpr std::uint64_t k_alone = std::uint64_t{1} << 20;

}  // namespace

io::Task<Result<>> ObjectBody::take_next_copy(Error error) {
  if (!next_copy_) co_return std::unexpected(error);
  auto next = co_await next_copy_(error);
  if (!next) co_return std::unexpected(error);
  object_ = *std::move(next);
  co_return Result<>{};
}

io::Task<Result<>> ObjectBody::find_block() {
  if (!object_->reader)
    co_return fail(ErrorCode::unavailable, "the store of this object cannot be read");
  if (span_.end > object_->reader->size())
    co_return fail(ErrorCode::corrupt, "the object is shorter than its record");
  block_.reset();
  for (;;) {
    auto found = co_await blocks_.get(object_, span_.begin);
    if (found) {
      block_ = *std::move(found);
      break;
    }
    CO_TRY_VOID(co_await take_next_copy(found.error()));
  }
  if (!block_) {
    alone_until_ = span_.begin + k_alone;
  } else if (block_->end() < span_.end) {
    blocks_.fetch_ahead(co_await boost::asio::this_coro::executor, object_, block_->end());
  }
  co_return Result<>{};
}

io::Task<Result<std::size_t>> ObjectBody::read_alone(std::span<std::byte> out) {
  for (;;) {
    auto got = co_await blocks_.read_alone(object_, span_.begin, out);
    // A shorter object than its row says: the connection must break, not end politely.
    if (got && *got == 0) got = fail(ErrorCode::corrupt, "the object is shorter than its record");
    if (got) co_return got;
    CO_TRY_VOID(co_await take_next_copy(got.error()));
  }
}

io::Task<Result<>> ObjectBody::begin() {
  if (span_.length() == 0) co_return Result<>{};
  CO_TRY_VOID(co_await find_block());
  if (block_) co_return Result<>{};
  std::vector<std::byte> first(std::min(k_first, span_.length()));
  CO_TRY(const std::size_t got, co_await read_alone(first));
  first.resize(got);
  first_ = std::move(first);
  co_return Result<>{};
}

std::size_t ObjectBody::take(std::span<const std::byte> ready, std::span<std::byte> out) {
  const std::size_t taken = std::min(out.size(), ready.size());
  std::memcpy(out.data(), ready.data(), taken);
  span_.begin += taken;
  return taken;
}

io::Task<Result<std::size_t>> ObjectBody::read(std::span<std::byte> out) {
  out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), span_.length())));
  if (out.empty()) co_return std::size_t{0};
  if (!first_.empty()) {
    const std::size_t taken = take(first_, out);
    first_.erase(first_.begin(), first_.begin() + static_cast<std::ptrdiff_t>(taken));
    if (first_.empty()) first_.shrink_to_fit();
    co_return taken;
  }
  if (!has_block() && span_.begin >= alone_until_) CO_TRY_VOID(co_await find_block());
  if (has_block()) co_return take(block_->bytes().subspan(span_.begin - block_->begin()), out);
  CO_TRY(const std::size_t got, co_await read_alone(out));
  span_.begin += got;
  co_return got;
}

}  // namespace shoal::delivery
