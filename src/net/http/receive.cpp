#include <algorithm>
#include <cstring>

#include "net/http/connection.h"

namespace shoal::net {

namespace {

/// A peer that moves fewer bytes than this in `stall_timeout` of waiting is closed.
constexpr std::uint64_t k_least_progress = 1024;

}  // namespace

io::Task<bool> Connection::wait(Direction direction, SteadyTime limit) {
  if (shard_.now() >= limit) {
    shard_.core().timed_out.add();
    co_return false;
  }
  deadline = limit;
  const auto [error] = co_await transport_->wait(direction);
  deadline = SteadyTime::max();
  co_return !error;
}

io::Task<bool> Connection::wait_for_progress(Direction direction) {
  if (progress_ >= k_least_progress) {
    progress_ = 0;
    stall_left_ = shard_.core().config.stall_timeout;
  }
  const auto start = shard_.now();
  const bool ready = co_await wait(direction, start + stall_left_);
  // Only time spent waiting for the peer counts: a slow handler is not its fault.
  stall_left_ -= std::min(stall_left_, shard_.now() - start);
  co_return ready;
}

io::Task<bool> Connection::send_continue() {
  static constexpr std::string_view k_continue = "HTTP/1.1 100 Continue\r\n\r\n";
  continue_pending_ = false;
  queue(k_continue.data(), k_continue.size());
  co_return co_await send(false);
}

io::Task<Result<std::size_t>> Connection::read_body(std::span<std::byte> out) {
  if (broken_) co_return fail(ErrorCode::unavailable, "the connection is gone");
  if (body_done() || out.empty()) co_return 0;
  if (continue_pending_ && !co_await send_continue()) {
    broken_ = true;
    co_return fail(ErrorCode::unavailable, "the client is gone");
  }
  auto got = body_kind_ == BodyKind::length ? co_await read_sized(out) : co_await read_chunked(out);
  if (!got) broken_ = true;
  co_return got;
}

io::Task<Result<std::size_t>> Connection::read_sized(std::span<std::byte> out) {
  if (body_left_ < out.size()) out = out.first(static_cast<std::size_t>(body_left_));
  std::size_t count = 0;
  if (const auto unread = exchange_->unread(); !unread.empty()) {
    count = std::min(out.size(), unread.size());
    std::memcpy(out.data(), unread.data(), count);
    exchange_->begin += count;
  } else {
    for (;;) {
      const auto got = transport_->read(out);
      if (got.state == IoState::broken || (got.state == IoState::done && got.bytes == 0))
        co_return fail(ErrorCode::unavailable, "the client closed the connection");
      count = got.bytes;
      progress_ += count;
      if (got.state == IoState::done) break;
      if (!co_await wait_for_progress(got.state == IoState::want_read ? Direction::read
                                                                      : Direction::write))
        co_return fail(ErrorCode::timeout, "the client sends too slowly");
    }
  }
  body_left_ -= count;
  if (body_left_ == 0) body_kind_ = BodyKind::none;
  co_return count;
}

io::Task<Result<std::size_t>> Connection::read_chunked(std::span<std::byte> out) {
  Exchange& exchange = *exchange_;
  for (;;) {
    const auto step = exchange.parser.parse_chunks(exchange.unread(), out);
    exchange.begin += step.consumed;
    if (step.progress == RequestParser::Progress::refused)
      co_return fail(ErrorCode::invalid, std::string(exchange.parser.refusal().reason));
    if (step.progress == RequestParser::Progress::complete) body_kind_ = BodyKind::none;
    if (step.produced > 0 || body_done()) co_return step.produced;
    const auto room = exchange.room();
    if (room.empty()) co_return fail(ErrorCode::invalid, "a chunk's header or trailer is too long");
    const auto got = transport_->read(room);
    if (got.state == IoState::broken || (got.state == IoState::done && got.bytes == 0))
      co_return fail(ErrorCode::unavailable, "the client closed the connection");
    exchange.end += got.bytes;
    progress_ += got.bytes;
    if (got.state == IoState::done) continue;
    if (!co_await wait_for_progress(got.state == IoState::want_read ? Direction::read
                                                                    : Direction::write))
      co_return fail(ErrorCode::timeout, "the client sends too slowly");
  }
}

io::Task<> Connection::discard_body() {
  const CopyBuffer buffer(shard_);
  while (!body_done() && !broken_) std::ignore = co_await read_body(buffer.bytes());
}

}  // namespace shoal::net
