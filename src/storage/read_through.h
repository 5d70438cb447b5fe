#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "blob/blob_store.h"
#include "io/offload.h"

namespace shoal::storage {

/// Awaited before each piece of so many bytes is read: it may take its time.
using Pace = std::function<io::Task<>(std::uint64_t bytes)>;
/// Told how many bytes have been read so far.
using ReadProgress = std::function<void(std::uint64_t bytes)>;

/// Reads an object to its end, in constant memory. `sink->take(bytes)`, a Result<>, is called for
/// each piece in order, on the pool, so that neither a hash nor a disk stops an event loop; each
/// call owns the sink, and may outlive a cancelled task. Errors: corrupt (the object ends before
/// its size), as reading, those of the sink.
template <class Sink>
io::Task<Result<>> read_through(std::shared_ptr<blob::ObjectReader> reader,
                                std::shared_ptr<Sink> sink, io::Offload& offload, Pace pace = {},
                                ReadProgress on_progress = {}) {
  constexpr std::size_t k_piece = std::size_t{1} << 20;
  const std::uint64_t size = reader->size();
  const auto buffer = std::make_shared<std::vector<std::byte>>(k_piece);
  CO_TRY(const auto stream, co_await reader->stream(0, size));
  for (std::uint64_t offset = 0; offset < size;) {
    const std::uint64_t wanted = std::min<std::uint64_t>(k_piece, size - offset);
    if (pace) co_await pace(wanted);
    std::size_t filled = 0;
    while (filled < wanted) {
      const auto out = std::span(*buffer).subspan(filled, wanted - filled);
      CO_TRY(const std::size_t got, co_await stream->read(out));
      if (got == 0) co_return fail(ErrorCode::corrupt, "the object ends before its size");
      filled += got;
    }
    CO_TRY_VOID(co_await offload.run(
        [sink, buffer, filled] { return sink->take(std::span(*buffer).first(filled)); }));
    offset += filled;
    if (on_progress) on_progress(offset);
  }
  co_return Result<>{};
}

}  // namespace shoal::storage
