#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/log.h"
#include "io/page_cache.h"
#include "net/http/connection.h"

namespace shoal::net {

namespace asio = boost::asio;

namespace {

/// One sendfile call, and what one connection may send before the others have their turn.
constexpr std::uint64_t k_file_step = 2 * 1024 * 1024;
constexpr std::uint64_t k_turn = 4 * 1024 * 1024;

/// The body is what this side says in the other protocol, to its end; the connection ends with it.
constexpr int k_switched = 101;

struct BodyLength {
  std::optional<std::uint64_t> operator()(const std::string& text) const { return text.size(); }
  std::optional<std::uint64_t> operator()(const std::shared_ptr<const std::string>& text) const {
    return text->size();
  }
  std::optional<std::uint64_t> operator()(const FileBody& file) const { return file.length; }
  std::optional<std::uint64_t> operator()(const std::unique_ptr<BodySource>& source) const {
    return source->length();
  }
};

/// Lets the other connections of this executor have their turn.
io::Task<> yield_turn(std::uint64_t& turn) {
  turn = 0;
  co_await asio::post(co_await asio::this_coro::executor, io::use_awaitable);
}

bool forbids_body(int status) {
  return (status < 200 && status != k_switched) || status == 204 || status == 304;
}

}  // namespace

io::Task<bool> Connection::send_response(Response& response, bool close) {
  Exchange& exchange = *exchange_;
  const auto& framing = exchange.parser.framing();
  const bool head = exchange.request.method == Method::head;
  const bool bodyless = forbids_body(response.status);
  const auto length = std::visit(BodyLength(), response.body);
  HeadAdditions additions{.date = shard_.date(),
                          .request_id = exchange.request.id,
                          .content_length = length,
                          .close = close,
                          .keep_alive = !framing.http11};
  // An answer without a body may still tell the length of the one it stands for.
  additions.keep_content_length = (head || response.status == 304) && length == 0 &&
                                  response.headers.contains("Content-Length");
  if (bodyless || additions.keep_content_length) additions.content_length.reset();
  if (!length && !bodyless) {
    additions.upgrade = response.status == k_switched;
    additions.chunked = framing.http11 && !additions.upgrade;
    additions.close = close || !additions.chunked;
  }
  exchange.head.clear();
  append_head(exchange.head, response, additions);

  stall_left_ = shard_.core().config.stall_timeout;
  progress_ = 0;
  pending_begin_ = pending_end_ = 0;
  queue(exchange.head.data(), exchange.head.size());
  if (head || bodyless) co_return co_await send(false);

  if (const auto* text = std::get_if<std::string>(&response.body)) {
    queue(text->data(), text->size());
    co_return co_await send(false);
  }
  if (const auto* text = std::get_if<std::shared_ptr<const std::string>>(&response.body)) {
    queue((*text)->data(), (*text)->size());
    co_return co_await send(false);
  }
  if (const auto* file = std::get_if<FileBody>(&response.body)) {
    if (file->length == 0) co_return co_await send(false);
    if (transport_->sends_files() && file->file->descriptor() >= 0)
      co_return co_await send_file(*file);
    co_return co_await send_copied(*file);
  }
  auto& source = std::get<std::unique_ptr<BodySource>>(response.body);
  const bool sent = co_await send_source(*source, additions.chunked);
  co_return sent && !(additions.close && !close);
}

void Connection::queue(const void* data, std::size_t size) {
  if (size == 0) return;
  if (pending_begin_ == pending_end_) pending_begin_ = pending_end_ = 0;
  pending_.at(pending_end_++) = {const_cast<void*>(data), size};
}

IoState Connection::try_send(bool more) {
  while (pending_begin_ < pending_end_) {
    const std::span<const iovec> parts(pending_.data() + pending_begin_,
                                       pending_end_ - pending_begin_);
    const auto outcome = transport_->write(parts, more);
    if (outcome.state != IoState::done) return outcome.state;
    sent_ += outcome.bytes;
    progress_ += outcome.bytes;
    auto left = outcome.bytes;
    while (pending_begin_ < pending_end_ && left >= pending_[pending_begin_].iov_len)
      left -= pending_[pending_begin_++].iov_len;
    if (left > 0) {
      auto& part = pending_[pending_begin_];
      part.iov_base = static_cast<char*>(part.iov_base) + left;
      part.iov_len -= left;
    }
  }
  return IoState::done;
}

io::Task<bool> Connection::send(bool more) {
  for (;;) {
    const auto state = try_send(more);
    if (state == IoState::done) co_return true;
    if (state == IoState::broken) break;
    if (!co_await wait_for_progress(state == IoState::want_read ? Direction::read
                                                                : Direction::write))
      break;
  }
  broken_ = true;
  co_return false;
}

io::Task<bool> Connection::send_file(const FileBody& body) {
  // The head waits in the kernel for the first bytes of the file: one packet, no copy.
  if (try_send(true) != IoState::done && !co_await send(true)) co_return false;
  const int descriptor = body.file->descriptor();
  auto offset = body.offset;
  auto left = body.length;
  auto warm_until = offset;
  std::uint64_t turn = 0;
  while (left > 0) {
    if (offset >= warm_until) {
      const auto part = std::min(left, k_file_step);
      if (!shard_.is_resident(*body.file, offset)) co_await warm(body.file, offset, part);
      warm_until = offset + part;
    }
    const auto asked = std::min(left, warm_until - offset);
    const auto outcome = transport_->send_file(descriptor, offset, static_cast<std::size_t>(asked));
    if (outcome.state == IoState::broken) break;
    // Nothing moved: the file is shorter than what was promised.
    if (outcome.state == IoState::done && outcome.bytes == 0) break;
    offset += outcome.bytes;
    left -= outcome.bytes;
    sent_ += outcome.bytes;
    progress_ += outcome.bytes;
    turn += outcome.bytes;
    if (outcome.bytes < asked) {
      // The socket is full: trying again at once would fill it in crumbs.
      turn = 0;
      if (!co_await wait_for_progress(Direction::write)) break;
      continue;
    }
    if (turn >= k_turn && left > 0) co_await yield_turn(turn);
  }
  broken_ = left > 0;
  co_return left == 0;
}

io::Task<> Connection::warm(std::shared_ptr<io::File> file, std::uint64_t offset,
                            std::uint64_t length) {
  shard_.core().cold_reads.add();
  // A full queue is no error: then sendfile waits for the disk itself.
  std::ignore = co_await shard_.core().disk.run([file, offset, length]() -> Result<> {
    io::read_ahead(file->descriptor(), offset, length);
    return {};
  });
}

io::Task<bool> Connection::send_copied(const FileBody& body) {
  const CopyBuffer buffer(shard_);
  auto offset = body.offset;
  auto left = body.length;
  auto warm_until = offset;
  std::uint64_t turn = 0;
  while (left > 0) {
    if (turn >= k_turn) co_await yield_turn(turn);
    if (offset >= warm_until) {
      const auto part = std::min(left, k_file_step);
      if (!shard_.is_resident(*body.file, offset)) co_await warm(body.file, offset, part);
      warm_until = offset + part;
    }
    auto room = buffer.bytes();
    if (left < room.size()) room = room.first(static_cast<std::size_t>(left));
    const auto got = body.file->read_at(offset, room);
    if (!got || *got == 0) {
      log::warn("a file could not be sent to its end",
                {{"id", exchange_->request.id},
                 {"why", got ? "it is shorter than announced" : got.error().message}});
      broken_ = true;
      co_return false;
    }
    offset += *got;
    left -= *got;
    turn += *got;
    queue(room.data(), *got);
    if (!co_await send(left > 0)) co_return false;
  }
  co_return true;
}

io::Task<bool> Connection::send_source(BodySource& source, bool chunked) {
  const CopyBuffer buffer(shard_);
  auto left = source.length();
  std::uint64_t turn = 0;
  for (;;) {
    if (turn >= k_turn) co_await yield_turn(turn);
    const auto got = co_await source.read(buffer.bytes());
    if (!got || (*got == 0 && left.value_or(0) > 0) || (left && *got > *left)) {
      // The head is gone already: only a cut connection tells the client that this is not all.
      log::warn("an answer's source failed",
                {{"id", exchange_->request.id},
                 {"why", got ? "its length is not as announced" : got.error().message}});
      broken_ = true;
      co_return false;
    }
    if (left) *left -= *got;
    turn += *got;
    char size[24];
    if (chunked && *got > 0) {
      queue(size,
            static_cast<std::size_t>(fmt::format_to_n(size, sizeof(size), "{:x}\r\n", *got).size));
    }
    queue(buffer.bytes().data(), *got);
    if (chunked) {
      static constexpr std::string_view k_last = "0\r\n\r\n";
      const auto end = *got > 0 ? std::string_view("\r\n") : k_last;
      queue(end.data(), end.size());
    }
    if (!co_await send(false)) co_return false;
    if (*got == 0 || left == 0) co_return true;
  }
}

}  // namespace shoal::net
