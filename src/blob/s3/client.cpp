#include "blob/s3/client.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "blob/request_counts.h"
#include "blob/s3/failure.h"

namespace shoal::blob::s3 {
namespace {

constexpr std::uint64_t k_text_limit = std::uint64_t{4} << 20;
constexpr std::uint64_t k_error_limit = std::uint64_t{64} << 10;
/// An answer that sends somebody to an URL may be kept for a minute before it is followed.
constexpr Seconds k_shortest_left{90};

/// What a few tries in a row did not get through may all the same be well in an hour: who asks must
/// wait for the store, not give up.
Error lasting(Error error) {
  if (error.code == ErrorCode::timeout || error.code == ErrorCode::corrupt)
    error.code = ErrorCode::unavailable;
  return error;
}

Location location_of(const Address& address, const std::optional<std::string>& key) {
  return key ? object_location(address, *key) : bucket_location(address);
}

std::string url_of(const Address& address, const Location& location, std::string_view query) {
  return fmt::format("{}://{}{}{}{}", address.scheme, location.host, location.path,
                     query.empty() ? "" : "?", query);
}

io::Task<> rest(Milliseconds time) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
  co_await timer.async_wait(io::use_awaitable);
}

/// A body that comes no faster than a limit allows.
class PacedBody final : public net::BodySource {
 public:
  PacedBody(std::shared_ptr<net::BodySource> body, RateLimit& limit, const Clock& clock)
      : body_(std::move(body)), limit_(limit), clock_(clock) {}
  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    auto got = co_await body_->read(out);
    if (!got) co_return got;
    const Milliseconds wait = limit_.take(*got, clock_.steady_now());
    if (wait.count() > 0) co_await rest(wait);
    co_return got;
  }
  std::optional<std::uint64_t> length() const override { return body_->length(); }

 private:
  std::shared_ptr<net::BodySource> body_;
  RateLimit& limit_;
  const Clock& clock_;
};

/// A body that holds its connection's permit.
class PermittedBody final : public net::BodySource {
 public:
  PermittedBody(std::unique_ptr<net::BodySource> body, io::Semaphore::Permit permit)
      : permit_(std::move(permit)), body_(std::move(body)) {}
  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override { return body_->read(out); }
  std::optional<std::uint64_t> length() const override { return body_->length(); }

 private:
  io::Semaphore::Permit permit_;
  std::unique_ptr<net::BodySource> body_;
};

}  // namespace

Client::Client(ClientConfig config, const Clock& clock, Random& random, Metrics& metrics)
    : config_(std::move(config)),
      clock_(clock),
      random_(random),
      metrics_(metrics),
      keyring_({config_.store, config_.region, config_.credentials,
                config_.credentials.access_key_id.empty() ? config_.role : std::nullopt},
               clock, random),
      http_(config_.http),
      uploads_(config_.upload_rate),
      downloads_(config_.download_rate),
      requests_(config_.request_rate),
      readers_(config_.max_connections),
      callers_(config_.max_connections) {}

net::ClientRequest Client::sign(const Signer& signer, const Operation& operation) {
  const Location location = location_of(config_.address, operation.key);
  const Unsigned bare{.method = operation.method,
                      .host = location.host,
                      .path = location.path,
                      .query = operation.query,
                      .headers = operation.headers,
                      .payload_sha256 = operation.payload_sha256};
  net::ClientRequest request{
      .method = operation.method,
      .url = url_of(config_.address, location, canonical_query(operation.query))};
  request.into = operation.into;
  for (const auto& [name, value] : operation.headers) request.headers.add(name, value);
  for (const auto& [name, value] : signer.sign_headers(bare, clock_.now()))
    request.headers.add(name, value);
  if (operation.body) {
    request.body = operation.body();
    if (config_.upload_rate > 0)
      request.body = std::make_shared<PacedBody>(std::move(request.body), uploads_, clock_);
  }
  return request;
}

Error Client::say(const Operation& operation, int status,
                  const std::optional<ErrorBody>& body) const {
  return to_error({.status = status,
                   .body = body,
                   .operation = operation.name,
                   .store = config_.store,
                   .bucket = config_.address.bucket,
                   .endpoint = config_.address.host_and_port});
}

io::Task<Client::Attempt> Client::failed_status(const Operation& operation,
                                                net::ClientResponse response) {
  std::optional<ErrorBody> body;
  if (const auto region = response.headers.find("x-amz-bucket-region");
      region && operation.method == "HEAD" && *region != config_.region) {
    body.emplace().region = *region;
  }
  if (operation.method != "HEAD") {
    const auto text = co_await net::read_text(*response.body, k_error_limit);
    if (auto parsed = text ? parse_error(*text) : std::unexpected(text.error()))
      body = *std::move(parsed);
  }
  const int status = response.status;
  co_return Attempt{.error = say(operation, status, body),
                    .may_retry = is_worth_retrying(status, body),
                    .is_outage = status >= 500 || status == 429};
}

io::Task<Client::Attempt> Client::attempt(const Signer& signer, const Operation& operation,
                                          bool reads_text) {
  auto response = co_await http_.send(sign(signer, operation));
  const auto broken = [this, &operation](const Error& error) {
    const bool is_network =
        error.code == ErrorCode::unavailable || error.code == ErrorCode::timeout;
    return Attempt{.error = Error{error.code, fmt::format("store {}: {}: {}", config_.store,
                                                          operation.name, error.message)},
                   .may_retry = is_network,
                   .is_outage = is_network};
  };
  if (!response) co_return broken(response.error());
  if (response->status < 200 || response->status > 299)
    co_return co_await failed_status(operation, *std::move(response));
  if (!reads_text) co_return Attempt{.response = *std::move(response)};
  auto text = co_await net::read_text(*response->body, k_text_limit);
  if (!text) co_return broken(text.error());
  const auto late = operation.failure_in ? operation.failure_in(*text) : std::nullopt;
  if (late) {
    // "200 OK" was sent before the server knew better; what it knows now is of its 500s.
    co_return Attempt{.error = say(operation, 500, late),
                      .may_retry = is_worth_retrying(500, late)};
  }
  co_return Attempt{.response = *std::move(response), .text = *std::move(text)};
}

void Client::count(const Operation& operation, const Attempt& attempt) {
  const std::string outcome = attempt.error ? std::string(to_string(attempt.error->code)) : "ok";
  request_counter(metrics_, config_.store, operation.name, outcome).add();
  if (attempt.is_outage) {
    breaker_.failed(clock_.steady_now());
  } else {
    breaker_.succeeded();
  }
}

io::Task<Result<Client::Attempt>> Client::persist(const Operation& operation, bool reads_text,
                                                  unsigned& attempts) {
  for (attempts = 1;; ++attempts) {
    if (!breaker_.admit(clock_.steady_now())) {
      co_return fail(ErrorCode::unavailable,
                     fmt::format("store {} does not answer; it is asked again in some seconds",
                                 config_.store));
    }
    const Milliseconds wait = requests_.take(1, clock_.steady_now());
    if (wait.count() > 0) co_await rest(wait);
    CO_TRY(const Keyring::Keys keys, co_await keyring_.keys());
    Attempt made = co_await attempt(*keys.signer, operation, reads_text);
    count(operation, made);
    if (!made.error) co_return made;
    if (!made.may_retry || attempts >= config_.attempts)
      co_return std::unexpected(lasting(*std::move(made.error)));
    co_await rest(retry_delay(attempts - 1, random_));
  }
}

io::Task<Result<Reply>> Client::call(Operation operation) {
  const auto permit = co_await callers_.acquire();
  unsigned attempts = 0;
  CO_TRY(Attempt made, co_await persist(operation, true, attempts));
  co_return Reply{made.response->status, std::move(made.response->headers), std::move(made.text),
                  attempts};
}

io::Task<Result<net::ClientResponse>> Client::open(Operation operation) {
  auto permit = co_await readers_.acquire();
  unsigned attempts = 0;
  CO_TRY(Attempt made, co_await persist(operation, false, attempts));
  net::ClientResponse& response = *made.response;
  response.body = std::make_unique<PermittedBody>(std::move(response.body), std::move(permit));
  if (config_.download_rate > 0) {
    response.body = std::make_unique<PacedBody>(
        std::shared_ptr<net::BodySource>(std::move(response.body)), downloads_, clock_);
  }
  co_return std::move(response);
}

Result<std::string> Client::presigned_url(std::string_view key, Seconds valid_for,
                                          std::string_view content_disposition) const {
  const Location location = object_location(config_.address, key);
  NameValues query;
  if (!content_disposition.empty())
    query.emplace_back("response-content-disposition", content_disposition);
  const Unsigned bare{.method = "GET",
                      .host = location.host,
                      .path = location.path,
                      .query = std::move(query),
                      .headers = {},
                      .payload_sha256 = {}};
  return presign(bare, location, valid_for);
}

Result<std::string> Client::presigned_put_url(std::string_view key, Seconds valid_for,
                                              std::uint64_t size) const {
  const Location location = object_location(config_.address, key);
  const Unsigned bare{.method = "PUT",
                      .host = location.host,
                      .path = location.path,
                      .query = {},
                      .headers = {{"content-length", std::to_string(size)}},
                      .payload_sha256 = {}};
  return presign(bare, location, valid_for);
}

Result<std::string> Client::presign(const Unsigned& bare, const Location& location,
                                    Seconds valid_for) const {
  TRY(const Keyring::Keys keys, keyring_.held());
  const UtcTime now = clock_.now();
  // The store refuses it after the end of the keys, whatever it says itself.
  if (keys.end) {
    const auto left = std::chrono::floor<Seconds>(*keys.end - now);
    if (left < k_shortest_left) {
      return fail(ErrorCode::unavailable,
                  fmt::format("the keys of store {} end in {} s, and there are no new ones yet",
                              config_.store, left.count()));
    }
    valid_for = std::min(valid_for, left);
  }
  TRY(const std::string signed_query, keys.signer->presign(bare, now, valid_for));
  return url_of(config_.address, location, signed_query);
}

}  // namespace shoal::blob::s3
