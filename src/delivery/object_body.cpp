#include "delivery/object_body.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <cstring>

namespace shoal::delivery {

io::Task<Result<>> ObjectBody::begin() {
  if (has_bytes() || span_.length() == 0) co_return Result<>{};
  if (!object_->reader)
    co_return fail(ErrorCode::unavailable, "the store of this object cannot be read");
  if (span_.end > object_->reader->size())
    co_return fail(ErrorCode::corrupt, "the object is shorter than its record");
  block_.reset();
  CO_TRY(block_, co_await blocks_.get(object_, span_.begin));
  if (block_) {
    if (block_->end() < span_.end)
      blocks_.fetch_ahead(co_await boost::asio::this_coro::executor, object_, block_->end());
    co_return Result<>{};
  }
  CO_TRY(stream_, co_await object_->reader->stream(span_.begin, span_.length()));
  co_return Result<>{};
}

io::Task<Result<std::size_t>> ObjectBody::read(std::span<std::byte> out) {
  out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), span_.length())));
  if (out.empty()) co_return std::size_t{0};
  CO_TRY_VOID(co_await begin());
  if (!stream_) {
    const auto ready = block_->bytes().subspan(span_.begin - block_->begin());
    out = out.first(std::min(out.size(), ready.size()));
    std::memcpy(out.data(), ready.data(), out.size());
    span_.begin += out.size();
    co_return out.size();
  }
  CO_TRY(const std::size_t got, co_await stream_->read(out));
  // A shorter object than its row says: the connection must break, not end politely.
  if (got == 0) co_return fail(ErrorCode::corrupt, "the object is shorter than its record");
  span_.begin += got;
  co_return got;
}

}  // namespace shoal::delivery
