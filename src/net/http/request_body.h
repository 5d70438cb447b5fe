#pragma once

#include <functional>
#include <optional>
#include <span>

#include "net/http/message.h"

namespace shoal::net {

/// The body of the request that runs on a connection. A handler may keep it longer than that:
/// then it reads as unavailable.
class RequestBody final : public BodySource {
 public:
  using Read = std::function<io::Task<Result<std::size_t>>(std::span<std::byte>)>;

  RequestBody(Read read, std::optional<std::uint64_t> length)
      : read_(std::move(read)), length_(length) {}

  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    if (!read_) return gone();
    return read_(out);
  }
  std::optional<std::uint64_t> length() const override { return length_; }

  /// Cuts the body (or nullptr) off its connection when the request ends.
  class Detach {
   public:
    explicit Detach(RequestBody* body) : body_(body) {}
    ~Detach() {
      if (body_ != nullptr) body_->read_ = nullptr;
    }
    Detach(const Detach&) = delete;
    Detach& operator=(const Detach&) = delete;

   private:
    RequestBody* body_;
  };

 private:
  static io::Task<Result<std::size_t>> gone() {
    co_return fail(ErrorCode::unavailable, "the request of this body has ended");
  }

  Read read_;
  const std::optional<std::uint64_t> length_;
};

}  // namespace shoal::net
