#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "delivery/block_cache.h"
#include "net/http/message.h"
#include "net/http/range.h"

namespace shoal::delivery {

/// Part of a remote object, through us: by shared blocks, one read ahead; where memory is short, by
/// reads of its own into the sender's buffer. No read of the store outlasts a call: a slow viewer
/// must not hold one of its connections, which are few. One executor.
class ObjectBody final : public net::BodySource {
 public:
  /// `span` lies within what the record says of the object. `blocks` outlives the body.
  ObjectBody(BlockCache& blocks, std::shared_ptr<const RemoteObject> object, net::ByteSpan span)
      : blocks_(blocks), object_(std::move(object)), span_(span) {}

  /// The same bytes in another copy, once one cannot be read; it is told why. Errors: there is
  /// none.
  using NextCopy =
      std::function<io::Task<Result<std::shared_ptr<const RemoteObject>>>(const Error&)>;
  void set_next_copy(NextCopy next) { next_copy_ = std::move(next); }

  /// Waits for the first bytes, so that what is wrong shows before an answer promises them. Errors:
  /// the store's; corrupt (the object is shorter than its record).
  io::Task<Result<>> begin();
  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override;
  std::optional<std::uint64_t> length() const override { return span_.length(); }

 private:
  bool has_block() const { return block_ && span_.begin < block_->end(); }
  /// Reads on from another copy, or gives `error` back.
  io::Task<Result<>> take_next_copy(Error error);
  /// The shared block, or leave to read alone for a while.
  io::Task<Result<>> find_block();
  io::Task<Result<std::size_t>> read_alone(std::span<std::byte> out);
  std::size_t take(std::span<const std::byte> ready, std::span<std::byte> out);

  BlockCache& blocks_;
  std::shared_ptr<const RemoteObject> object_;
  NextCopy next_copy_;
  net::ByteSpan span_;  ///< what is still to come
  BlockCache::SharedBlock block_;
  std::uint64_t alone_until_ = 0;  ///< where a shared block is asked for again
  std::vector<std::byte> first_;   ///< what begin() has read alone
};

}  // namespace shoal::delivery
