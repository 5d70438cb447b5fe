#include "net/http/curl_transfer.h"

#include <boost/asio/redirect_error.hpp>
#include <charconv>
#include <cstring>

#include "base/check.h"
#include "base/text.h"

namespace shoal::net {
namespace {

/// What may wait for the reader of an answer; beyond it the peer has to wait.
constexpr std::size_t k_receive_window = std::size_t{512} << 10;
constexpr std::size_t k_send_buffer = std::size_t{256} << 10;
constexpr long k_curl_buffer = 128L << 10;
constexpr std::size_t k_head_limit = std::size_t{64} << 10;

/// Whole seconds, as libcurl counts a stall.
long seconds_of(Milliseconds time) {
  return std::max<long>(1, std::chrono::ceil<std::chrono::seconds>(time).count());
}

}  // namespace

CurlTransfer::CurlTransfer(std::shared_ptr<CurlLoop::Multi> multi, const io::Executor& executor,
                           ClientRequest request)
    : multi_(std::move(multi)),
      request_(std::move(request)),
      easy_(curl_easy_init()),
      changed_(executor, Event::time_point::max()) {
  SHOAL_CHECK(easy_ != nullptr);
}

CurlTransfer::~CurlTransfer() {
  if (!end_) multi_->remove(easy_);
  curl_easy_cleanup(easy_);
  curl_slist_free_all(fields_);
}

Result<> CurlTransfer::prepare(const ClientConfig& config) {
  const auto set = [this](auto option, auto value) { curl_easy_setopt(easy_, option, value); };
  set(CURLOPT_ERRORBUFFER, message_);
  set(CURLOPT_PRIVATE, static_cast<CurlEnd*>(this));
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  set(CURLOPT_NOSIGNAL, 1L);
  if (!config.uses_proxy) set(CURLOPT_NOPROXY, "*");
  if (!request_.ca_file.empty()) set(CURLOPT_CAINFO, request_.ca_file.c_str());
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_BUFFERSIZE, k_curl_buffer);
  set(CURLOPT_UPLOAD_BUFFERSIZE, k_curl_buffer);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(config.connect_timeout.count()));
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, seconds_of(config.stall_timeout));
  if (request_.deadline) set(CURLOPT_TIMEOUT_MS, static_cast<long>(request_.deadline->count()));
  set(CURLOPT_HEADERFUNCTION, on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, on_write);
  set(CURLOPT_WRITEDATA, this);
  prepare_body();
  // What libcurl would add by itself.
  for (const char* name : {"Accept:", "Expect:", "Content-Type:"}) {
    if (!request_.headers.contains(std::string_view(name, std::strlen(name) - 1)))
      fields_ = curl_slist_append(fields_, name);
  }
  for (const auto& field : request_.headers.fields()) {
    // "Name;" is how libcurl is told of a field without a value.
    const std::string line = field.value.empty() ? fmt::format("{};", field.name)
                                                 : fmt::format("{}: {}", field.name, field.value);
    fields_ = curl_slist_append(fields_, line.c_str());
  }
  set(CURLOPT_HTTPHEADER, fields_);
  if (multi_->add(easy_) != CURLM_OK) {
    end_ = CURLE_FAILED_INIT;
    return fail(ErrorCode::internal, "the transfer cannot begin");
  }
  return {};
}

void CurlTransfer::prepare_body() {
  const auto set = [this](auto option, auto value) { curl_easy_setopt(easy_, option, value); };
  const bool has_body = request_.body != nullptr;
  // A POST or PUT without a body says so by its length.
  if (has_body || request_.method == "PUT" || request_.method == "POST") {
    const auto length = has_body ? request_.body->length() : std::optional<std::uint64_t>(0);
    SHOAL_CHECK(length.has_value());
    body_ended_ = *length == 0;
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READFUNCTION, on_read);
    set(CURLOPT_READDATA, this);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*length));
  }
  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else {
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
}

std::size_t CurlTransfer::on_header(char* line, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  return transfer.take_header({line, size * count}) ? size * count : 0;
}

bool CurlTransfer::take_header(std::string_view line) {
  head_size_ += line.size();
  if (head_size_ > k_head_limit) return false;
  line = trim(line);
  if (line.starts_with("HTTP/")) {
    headers_.clear();
    status_ = 0;
    const auto space = line.find(' ');
    if (space == std::string_view::npos) return false;
    const std::string_view code = line.substr(space + 1, 3);
    std::from_chars(code.data(), code.data() + code.size(), status_);
  } else if (line.empty()) {
    // Heads of 1xx answers are passed over; trailers come after the one that counts.
    has_head_ = has_head_ || status_ >= 200;
    if (has_head_) wake();
  } else if (const auto colon = line.find(':'); colon != std::string_view::npos && !has_head_) {
    headers_.add(line.substr(0, colon), trim(line.substr(colon + 1)));
  }
  return true;
}

std::size_t CurlTransfer::on_write(char* bytes, std::size_t size, std::size_t count, void* self) {
  return static_cast<CurlTransfer*>(self)->take_body({bytes, size * count});
}

std::size_t CurlTransfer::take_body(std::string_view bytes) {
  const std::size_t length = bytes.size();
  const std::size_t waiting = received_.size() - taken_;
  if (waiting > 0 && waiting + length > k_receive_window) {
    is_paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  if (const std::span<std::byte> room = request_.into.subspan(filled_); !room.empty()) {
    const std::size_t direct = std::min(length, room.size());
    std::memcpy(room.data(), bytes.data(), direct);
    filled_ += direct;
    bytes.remove_prefix(direct);
    // Who has lent memory wants all of it: who is woken for each piece does nothing else.
    if (filled_ == request_.into.size()) wake();
    if (bytes.empty()) return length;
  }
  // A reader that is slower than the peer never takes the last byte: what it has taken goes before.
  if (waiting == 0 || taken_ >= k_receive_window / 2) received_.erase(0, std::exchange(taken_, 0));
  received_.append(bytes);
  wake();
  return length;
}

std::size_t CurlTransfer::on_read(char* out, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::size_t ready = transfer.sending_.size() - transfer.sent_;
  if (ready == 0) {
    if (transfer.body_ended_) return 0;
    transfer.wants_body_ = true;
    transfer.wake();
    return CURL_READFUNC_PAUSE;
  }
  const std::size_t taken = std::min(ready, size * count);
  std::memcpy(out, transfer.sending_.data() + transfer.sent_, taken);
  transfer.sent_ += taken;
  return taken;
}

void CurlTransfer::on_end(CURLcode code) {
  end_ = code;
  wake();
}

io::Task<> CurlTransfer::changed() {
  boost::system::error_code cancelled;
  co_await changed_.async_wait(boost::asio::redirect_error(io::use_awaitable, cancelled));
}

void CurlTransfer::let_flow() {
  if (!end_) curl_easy_pause(easy_, CURLPAUSE_CONT);
}

io::Task<Result<>> CurlTransfer::read_ahead() {
  next_.resize(std::min<std::uint64_t>(k_send_buffer, unread_));
  CO_TRY(const std::size_t got, co_await request_.body->read(next_));
  next_.resize(got);
  unread_ = got == 0 ? 0 : unread_ - got;
  has_next_ = true;
  co_return Result<>{};
}

void CurlTransfer::send_next() {
  sending_.swap(next_);
  sent_ = 0;
  has_next_ = false;
  body_ended_ = sending_.empty();
}

io::Task<Result<>> CurlTransfer::run_to_head(ClientConfig config) {
  unread_ = request_.body ? request_.body->length().value_or(0) : 0;
  if (unread_ > 0) {
    CO_TRY_VOID(co_await read_ahead());
    send_next();
  }
  CO_TRY_VOID(prepare(config));
  while (!has_head_ && !end_) {
    if (!has_next_ && unread_ > 0) {
      CO_TRY_VOID(co_await read_ahead());
    } else if (wants_body_) {
      if (!has_next_) next_.clear();
      send_next();
      wants_body_ = false;
      let_flow();
    } else {
      co_await changed();
    }
  }
  // An answer without a body ends in the same breath as its head.
  if (!has_head_) co_return std::unexpected(error());
  co_return Result<>{};
}

std::size_t CurlTransfer::take_direct(std::span<std::byte> out) {
  const auto ready = request_.into.subspan(given_, filled_ - given_);
  const std::size_t got = std::min(out.size(), ready.size());
  if (out.data() != ready.data()) std::memmove(out.data(), ready.data(), got);
  given_ += got;
  return got;
}

io::Task<Result<std::size_t>> CurlTransfer::read(std::span<std::byte> out) {
  if (out.empty()) co_return std::size_t{0};
  while (given_ == filled_ && taken_ == received_.size() && !end_) {
    if (std::exchange(is_paused_, false)) {
      let_flow();
    } else {
      co_await changed();
    }
  }
  if (given_ < filled_) co_return take_direct(out);
  const std::size_t got = std::min(out.size(), received_.size() - taken_);
  if (got == 0 && *end_ != CURLE_OK) co_return std::unexpected(error());
  std::memcpy(out.data(), received_.data() + taken_, got);
  taken_ += got;
  if (is_paused_ && received_.size() - taken_ <= k_receive_window / 2) {
    is_paused_ = false;
    let_flow();
  }
  co_return got;
}

std::optional<std::uint64_t> CurlTransfer::content_length() const {
  curl_off_t length = -1;
  curl_easy_getinfo(easy_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  return length < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(length));
}

Error CurlTransfer::error() const {
  const CURLcode code = end_.value_or(CURLE_OK);
  const std::string why = *message_ != '\0' ? message_ : curl_easy_strerror(code);
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return {ErrorCode::invalid, why};
    case CURLE_OPERATION_TIMEDOUT:
      return {ErrorCode::timeout, why};
    default:
      return {ErrorCode::unavailable, why};
  }
}

}  // namespace shoal::net
