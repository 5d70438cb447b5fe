#pragma once

#include <curl/curl.h>

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/task.h"
#include "net/http/client.h"
#include "net/http/curl_loop.h"

namespace shoal::net {

/// One request on its way: an easy handle of libcurl, what is to be sent and what has come. One
/// executor. Its coroutines are resumed by the loop, never from within libcurl's callbacks.
class CurlTransfer final : public CurlEnd {
 public:
  CurlTransfer(std::shared_ptr<CurlLoop::Multi> multi, const io::Executor& executor,
               ClientRequest request);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  /// Sends the request and its body until the head of the answer is there.
  io::Task<Result<>> run_to_head(ClientConfig config);
  int status() const { return status_; }
  Headers take_headers() { return std::move(headers_); }
  std::optional<std::uint64_t> content_length() const;

  /// Up to out.size() bytes of the answer's body, 0 at its end.
  io::Task<Result<std::size_t>> read(std::span<std::byte> out);

 private:
  static std::size_t on_header(char* line, std::size_t size, std::size_t count, void* self);
  static std::size_t on_write(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_read(char* out, std::size_t size, std::size_t count, void* self);
  void on_end(CURLcode code) override;

  Result<> prepare(const ClientConfig& config);
  void prepare_body();
  bool take_header(std::string_view line);
  std::size_t take_body(std::string_view bytes);
  io::Task<Result<>> read_ahead();
  void send_next();
  io::Task<> changed();
  std::size_t take_direct(std::span<std::byte> out);
  void wake() { changed_.cancel(); }
  void let_flow();
  Error error() const;

  using Event = boost::asio::basic_waitable_timer<
      std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, io::Executor>;

  const std::shared_ptr<CurlLoop::Multi> multi_;
  ClientRequest request_;
  CURL* easy_;
  curl_slist* fields_ = nullptr;
  char message_[CURL_ERROR_SIZE] = "";
  Event changed_;  ///< never expires: cancelled when something has changed

  std::vector<std::byte> sending_;  ///< from sent_ on it is to be sent
  std::size_t sent_ = 0;
  std::vector<std::byte> next_;  ///< read while `sending_` is on its way
  bool has_next_ = false;
  std::uint64_t unread_ = 0;  ///< of the request's body
  bool body_ended_ = false;
  bool wants_body_ = false;

  int status_ = 0;
  Headers headers_;
  std::size_t head_size_ = 0;
  bool has_head_ = false;

  std::size_t filled_ = 0;  ///< of request_.into
  std::size_t given_ = 0;   ///< of that, to the reader
  std::string received_;    ///< what came after that; from taken_ on it is the reader's to take
  std::size_t taken_ = 0;
  bool is_paused_ = false;
  std::optional<CURLcode> end_;
};

}  // namespace shoal::net
