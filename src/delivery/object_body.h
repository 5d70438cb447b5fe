#pragma once

#include <algorithm>
#include <memory>

#include "blob/blob_store.h"
#include "net/http/message.h"
#include "net/http/range.h"

namespace shoal::delivery {

/// Streams part of an object that has no local file. One executor.
class ObjectBody final : public net::BodySource {
 public:
  ObjectBody(std::shared_ptr<blob::ObjectReader> reader, net::ByteSpan span)
      : reader_(std::move(reader)), span_(span) {}

  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    out = out.first(std::min<std::size_t>(out.size(), span_.length()));
    if (out.empty()) co_return 0;
    if (!stream_) {
      CO_TRY(stream_, co_await reader_->stream(span_.begin, span_.length()));
    }
    CO_TRY(const std::size_t got, co_await stream_->read(out));
    // A shorter object than its row says: the connection must break, not end politely.
    if (got == 0) co_return fail(ErrorCode::corrupt, "the object is shorter than its record");
    span_.begin += got;
    co_return got;
  }
  std::optional<std::uint64_t> length() const override { return span_.length(); }

 private:
  std::shared_ptr<blob::ObjectReader> reader_;
  net::ByteSpan span_;  ///< what is still to come
  std::unique_ptr<blob::ObjectStream> stream_;
};

}  // namespace shoal::delivery
