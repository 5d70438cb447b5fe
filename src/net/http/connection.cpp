#include "net/http/connection.h"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <exception>

#include "base/log.h"
#include "base/text.h"
#include "net/http/request_body.h"

namespace shoal::net {

namespace asio = boost::asio;

namespace {

/// What is left of a request's body is read and dropped up to here, to keep the connection.
constexpr std::uint64_t k_discard_limit = 256 * 1024;
constexpr Seconds k_linger{5};

class NoBody final : public BodySource {
 public:
  io::Task<Result<std::size_t>> read(std::span<std::byte>) override { co_return 0; }
  std::optional<std::uint64_t> length() const override { return 0; }
};

/// The body of most requests; it has no state, so that all of them can share it.
const std::shared_ptr<BodySource>& no_body() {
  static const std::shared_ptr<BodySource> instance = std::make_shared<NoBody>();
  return instance;
}

}  // namespace

Connection::Connection(Shard& shard, std::unique_ptr<Transport> transport, std::string peer,
                       bool secure)
    : shard_(shard),
      transport_(std::move(transport)),
      peer_(std::move(peer)),
      secure_(secure),
      peer_trusted_(shard.core().trusted.contains(peer_)) {
  shard_.join(*this);
}

Connection::~Connection() {
  if (exchange_) shard_.give_back(std::move(exchange_));
}

void Connection::expire() {
  deadline = SteadyTime::max();
  shard_.core().timed_out.add();
  transport_->cancel();
}

void Connection::end_if_idle() {
  if (idle_) transport_->cancel();
}

io::Task<> Connection::serve() {
  if (!co_await shake_hands()) co_return;
  const auto& config = shard_.core().config;
  const auto room =
      std::span(first_bytes_)
          .first(std::min<std::size_t>(first_bytes_.size(), config.header_limit.value));
  auto limit = shard_.now() + config.header_timeout;
  for (;;) {
    if (!exchange_) {
      IoResult first;
      if (shard_.core().draining) co_return;
      if (!transport_->has_buffered()) {
        idle_ = true;
        deadline = limit;
        first = co_await transport_->wait_and_read(room);
        deadline = SteadyTime::max();
        idle_ = false;
        if (first.state == IoState::broken) co_return;
        if (first.state == IoState::done && first.bytes == 0) co_return;
      }
      exchange_ = shard_.borrow_exchange();
      exchange_->take(std::span(first_bytes_).first(first.bytes));
    }
    if (co_await exchange() == After::close) co_return;
    if (exchange_->unread().empty()) {
      shard_.give_back(std::move(exchange_));
    } else {
      exchange_->clear();
    }
    limit = answered_ + config.idle_timeout;
  }
}

io::Task<bool> Connection::shake_hands() {
  const auto limit = shard_.now() + shard_.core().config.header_timeout;
  for (;;) {
    const auto outcome = transport_->handshake();
    if (outcome.state == IoState::done) co_return true;
    if (outcome.state == IoState::broken) co_return false;
    const auto direction = outcome.state == IoState::want_read ? Direction::read : Direction::write;
    if (!co_await wait(direction, limit)) co_return false;
  }
}

io::Task<Connection::After> Connection::exchange() {
  sent_ = 0;
  const auto parsed = parse_head();
  if (parsed != RequestParser::Progress::complete && !co_await read_head(parsed))
    co_return After::close;

  Request& request = exchange_->request;
  const auto started = shard_.now();
  request.id = shard_.next_request_id();
  identify_client();
  begin_body();
  const auto body = make_body();
  const RequestBody::Detach detach(body.get());
  request.body = body ? std::shared_ptr<BodySource>(body) : no_body();

  auto response = co_await call_handler();
  const int status = response.status;
  const bool keep = can_keep_alive() && !response.headers.find("Connection");
  const bool sent = co_await send_response(response, !keep);
  answered_ = shard_.now();
  shard_.count(request, status, sent_, answered_ - started);
  if (log::enabled(log::Level::debug)) {
    log::debug("request", {{"id", request.id},
                           {"client", request.client_address},
                           {"method", to_string(request.method)},
                           {"path", request.path},
                           {"status", status},
                           {"bytes", sent_}});
  }
  if (!sent) co_return After::close;
  if (!keep) {
    if (!body_done()) co_await linger();
    co_return After::close;
  }
  if (!body_done()) co_await discard_body();
  co_return broken_ ? After::close : After::keep;
}

RequestParser::Progress Connection::parse_head() {
  Exchange& exchange = *exchange_;
  if (exchange.unread().empty()) return RequestParser::Progress::more;
  const auto step = exchange.parser.parse_head(exchange.unread());
  exchange.begin += step.consumed;
  return step.progress;
}

io::Task<bool> Connection::read_head(RequestParser::Progress parsed) {
  Exchange& exchange = *exchange_;
  std::optional<SteadyTime> limit;
  for (;; parsed = parse_head()) {
    if (parsed == RequestParser::Progress::complete) co_return true;
    if (parsed == RequestParser::Progress::refused) break;
    const auto got = transport_->read(exchange.room());
    if (got.state == IoState::done) {
      if (got.bytes == 0) co_return false;
      exchange.end += got.bytes;
      continue;
    }
    if (got.state == IoState::broken) co_return false;
    if (!limit) limit = shard_.now() + shard_.core().config.header_timeout;
    const auto direction = got.state == IoState::want_read ? Direction::read : Direction::write;
    if (!co_await wait(direction, *limit)) co_return false;
  }
  const auto& refusal = exchange.parser.refusal();
  shard_.core().bad_requests.add();
  exchange.request.id = shard_.next_request_id();
  // What follows a refused head cannot be told apart from a second request: answer and hang up.
  auto refused = problem(refusal.status, refusal.reason);
  if (co_await send_response(refused, true)) co_await linger();
  co_return false;
}

void Connection::begin_body() {
  const auto& framing = exchange_->parser.framing();
  continue_pending_ = framing.expects_continue;
  stall_left_ = shard_.core().config.stall_timeout;
  progress_ = 0;
  body_left_ = framing.content_length;
  body_kind_ = framing.chunked              ? BodyKind::chunked
               : framing.content_length > 0 ? BodyKind::length
                                            : BodyKind::none;
}

std::shared_ptr<RequestBody> Connection::make_body() {
  if (body_done()) return nullptr;
  return std::make_shared<RequestBody>(
      [this](std::span<std::byte> out) { return read_body(out); },
      body_kind_ == BodyKind::chunked ? std::nullopt : std::optional(body_left_));
}

bool Connection::can_keep_alive() const {
  if (!exchange_->parser.framing().keep_alive || broken_ || shard_.core().draining) return false;
  if (body_done()) return true;
  // A client that still waits for "100 Continue" may send its body or not: nobody can know.
  return body_kind_ == BodyKind::length && body_left_ <= k_discard_limit && !continue_pending_;
}

io::Task<Response> Connection::call_handler() {
  const auto state = co_await asio::this_coro::cancellation_state;
  std::string what;
  try {
    co_return co_await shard_.core().handler(exchange_->request);
  } catch (const boost::system::system_error& error) {
    const bool ours = state.cancelled() != asio::cancellation_type::none;
    if (ours && error.code() == asio::error::operation_aborted) throw;
    what = error.what();
  } catch (const std::exception& error) {
    what = error.what();
  }
  const Request& request = exchange_->request;
  log::error("a handler failed", {{"id", request.id}, {"path", request.path}, {"what", what}});
  co_return problem(500, "The server failed on this request; its log has the id in X-Request-Id.");
}

void Connection::identify_client() {
  Request& request = exchange_->request;
  request.secure = secure_;
  if (!peer_trusted_) {
    request.client_address = peer_;
    return;
  }
  std::string forwarded;
  for (const auto& [name, value] : request.headers.fields()) {
    if (!iequals(name, "X-Forwarded-For")) continue;
    if (!forwarded.empty()) forwarded += ',';
    forwarded += value;
  }
  request.client_address = client_address(peer_, forwarded, shard_.core().trusted);
  if (const auto scheme = request.headers.find("X-Forwarded-Proto"))
    request.secure = iequals(trim(scheme->substr(0, scheme->find(','))), "https");
}

io::Task<> Connection::linger() {
  // Closing with unread bytes would reset the connection, and the peer could lose the answer.
  transport_->shutdown_write();
  const auto limit = shard_.now() + k_linger;
  for (;;) {
    exchange_->begin = exchange_->end = 0;
    const auto got = transport_->read(exchange_->room());
    if (got.state == IoState::broken || (got.state == IoState::done && got.bytes == 0)) break;
    if (got.state == IoState::done && shard_.now() < limit) continue;
    if (!co_await wait(Direction::read, limit)) break;
  }
}

}  // namespace shoal::net
