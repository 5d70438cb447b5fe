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
    CO_TRY(const std::size_t got, co_await reader_->read_at(span_.begin, out));
    // A shorter object than its row says: the connection must break, not end politely.
    if (got == 0) co_return fail(ErrorCode::corrupt, "the object is shorter than its record");
    span_.begin += got;
    co_return got;
  }
  std::optional<std::uint64_t> length() const override { return span_.length(); }

 private:
  std::shared_ptr<blob::ObjectReader> reader_;
  net::ByteSpan span_;
};

}  // namespace shoal::delivery
