#pragma once

#include <memory>

#include "blob/blob_store.h"
#include "delivery/block_cache.h"
#include "net/http/message.h"
#include "net/http/range.h"

namespace shoal::delivery {

/// Part of a remote object, through us: by shared blocks, one read ahead; where memory is short, by
/// a read of its own. One executor.
class ObjectBody final : public net::BodySource {
 public:
  /// `span` lies within what the record says of the object. `blocks` outlives the body.
  ObjectBody(BlockCache& blocks, std::shared_ptr<const RemoteObject> object, net::ByteSpan span)
      : blocks_(blocks), object_(std::move(object)), span_(span) {}

  /// Waits for the first bytes, so that what is wrong shows before an answer promises them. Errors:
  /// the store's; corrupt (the object is shorter than its record).
  io::Task<Result<>> begin();
  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override;
  std::optional<std::uint64_t> length() const override { return span_.length(); }

 private:
  bool has_bytes() const { return stream_ || (block_ && span_.begin < block_->end()); }

  BlockCache& blocks_;
  std::shared_ptr<const RemoteObject> object_;
  net::ByteSpan span_;  ///< what is still to come
  BlockCache::SharedBlock block_;
  std::unique_ptr<blob::ObjectStream> stream_;
};

}  // namespace shoal::delivery
