#pragma once

#include <curl/curl.h>

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <unordered_map>

namespace shoal::net {

/// The transfers of one event loop: libcurl's multi interface (curl_multi_socket_action) driven by
/// its descriptors and one timer. A service of the io_context, so that connections live and end
/// with it. Confined to the loop's thread.
class CurlLoop final : public boost::asio::execution_context::service {
 public:
  static boost::asio::execution_context::id id;

  explicit CurlLoop(boost::asio::io_context& context);
  ~CurlLoop() override;

  /// Where the multi handle lives; transfers hold it, as they may outlast the service.
  class Multi;
  const std::shared_ptr<Multi>& multi() const { return multi_; }

 private:
  void shutdown() noexcept override;
  std::shared_ptr<Multi> multi_;
};

/// Called once when a transfer has ended, outside of libcurl's callbacks. The CURLOPT_PRIVATE of
/// each easy handle points to one.
class CurlEnd {
 public:
  virtual void on_end(CURLcode code) = 0;

 protected:
  ~CurlEnd() = default;
};

class CurlLoop::Multi : public std::enable_shared_from_this<Multi> {
 public:
  explicit Multi(boost::asio::io_context& context);
  ~Multi();
  Multi(const Multi&) = delete;
  Multi& operator=(const Multi&) = delete;

  /// Begins a transfer; on_end follows unless it is removed before.
  CURLMcode add(CURL* easy);
  void remove(CURL* easy);
  /// The loop is over: its descriptors and timer go.
  void close();

 private:
  struct Socket;
  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* socket);
  static int on_timer(CURLM* multi, long delay_ms, void* self);

  void act_soon();
  void set_timer();
  void watch(const std::shared_ptr<Socket>& socket);
  template <class Direction>
  void wait(const std::shared_ptr<Socket>& socket, Direction direction, int event);
  void act(curl_socket_t fd, int events);
  void end_finished();

  boost::asio::io_context& context_;
  CURLM* handle_;
  std::unordered_map<curl_socket_t, std::shared_ptr<Socket>> sockets_;
  struct Timer;
  std::unique_ptr<Timer> timer_;
  bool closed_ = false;
};

}  // namespace shoal::net
