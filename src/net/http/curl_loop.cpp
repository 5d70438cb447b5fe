#include "net/http/curl_loop.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <utility>

#include "base/check.h"

namespace shoal::net {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

constexpr long k_connections_per_host = 64;
constexpr long k_connections_kept = 64;

void start_libcurl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  SHOAL_CHECK(started == CURLE_OK);
}

}  // namespace

asio::execution_context::id CurlLoop::id;

/// A socket of libcurl's that it wants to hear of. It owns the file; we only watch.
struct CurlLoop::Multi::Socket {
  Socket(asio::io_context& context, curl_socket_t number)
      : fd(number), descriptor(context.get_executor(), number) {}
  ~Socket() { forget(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  void forget() {
    wanted = 0;
    if (descriptor.is_open()) (void)descriptor.release();
  }

  const curl_socket_t fd;
  Descriptor descriptor;
  int wanted = 0;   ///< CURL_POLL_IN | CURL_POLL_OUT
  int waiting = 0;  ///< of these
};

/// libcurl moves its time-out with each request and seldom lets it come: the system's timer is set
/// again only where it would be late.
struct CurlLoop::Multi::Timer {
  using Clock = std::chrono::steady_clock;
  explicit Timer(asio::io_context& context) : timer(context.get_executor()) {}
  asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, asio::io_context::executor_type>
      timer;
  std::optional<Clock::time_point> due;  ///< when libcurl wants to be called
  bool is_set = false;
  bool is_posted = false;  ///< libcurl wants to be called at once
};

CurlLoop::CurlLoop(asio::io_context& context)
    : asio::execution_context::service(context), multi_(std::make_shared<Multi>(context)) {}

CurlLoop::~CurlLoop() = default;

void CurlLoop::shutdown() noexcept {
  multi_->close();
}

CurlLoop::Multi::Multi(asio::io_context& context)
    : context_(context),
      handle_((start_libcurl(), curl_multi_init())),
      timer_(std::make_unique<Timer>(context)) {
  SHOAL_CHECK(handle_ != nullptr);
  // Makes the services of descriptors now, so that they end after this one.
  const Descriptor first(context.get_executor());
  curl_multi_setopt(handle_, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(handle_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(handle_, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(handle_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(handle_, CURLMOPT_MAX_HOST_CONNECTIONS, k_connections_per_host);
  curl_multi_setopt(handle_, CURLMOPT_MAXCONNECTS, k_connections_kept);
}

CurlLoop::Multi::~Multi() {
  closed_ = true;
  curl_multi_cleanup(handle_);
}

void CurlLoop::Multi::close() {
  closed_ = true;
  for (const auto& [fd, socket] : sockets_) socket->forget();
  sockets_.clear();
  timer_.reset();
}

CURLMcode CurlLoop::Multi::add(CURL* easy) {
  return closed_ ? CURLM_BAD_HANDLE : curl_multi_add_handle(handle_, easy);
}

void CurlLoop::Multi::remove(CURL* easy) {
  curl_multi_remove_handle(handle_, easy);
}

int CurlLoop::Multi::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  auto& multi = *static_cast<Multi*>(self);
  if (multi.closed_) return 0;
  if (what == CURL_POLL_REMOVE) {
    // libcurl may close the file next: whoever still waits for it must not hear of its number.
    if (const auto known = multi.sockets_.extract(fd)) known.mapped()->forget();
    return 0;
  }
  auto& socket = multi.sockets_[fd];
  if (!socket) socket = std::make_shared<Socket>(multi.context_, fd);
  socket->wanted = what;
  multi.watch(socket);
  return 0;
}

void CurlLoop::Multi::watch(const std::shared_ptr<Socket>& socket) {
  if ((socket->wanted & ~socket->waiting & CURL_POLL_IN) != 0)
    wait(socket, asio::posix::descriptor_base::wait_read, CURL_POLL_IN);
  if ((socket->wanted & ~socket->waiting & CURL_POLL_OUT) != 0)
    wait(socket, asio::posix::descriptor_base::wait_write, CURL_POLL_OUT);
}

template <class Direction>
void CurlLoop::Multi::wait(const std::shared_ptr<Socket>& socket, Direction direction, int event) {
  socket->waiting |= event;
  socket->descriptor.async_wait(
      direction, [multi = weak_from_this(), socket, event](boost::system::error_code error) {
        socket->waiting &= ~event;
        const auto self = multi.lock();
        if (!self || self->closed_ || error == asio::error::operation_aborted) return;
        if ((socket->wanted & event) == 0) return;
        const int ready = event == CURL_POLL_IN ? CURL_CSELECT_IN : CURL_CSELECT_OUT;
        self->act(socket->fd, error ? CURL_CSELECT_ERR : ready);
        if (socket->descriptor.is_open()) self->watch(socket);
      });
}

int CurlLoop::Multi::on_timer(CURLM*, long delay_ms, void* self) {
  auto& multi = *static_cast<Multi*>(self);
  if (multi.closed_) return 0;
  Timer& timer = *multi.timer_;
  timer.due.reset();
  if (delay_ms < 0) return 0;
  if (delay_ms == 0) {
    if (!std::exchange(timer.is_posted, true)) multi.act_soon();
    return 0;
  }
  timer.due = Timer::Clock::now() + std::chrono::milliseconds(delay_ms);
  if (!timer.is_set || *timer.due < timer.timer.expiry()) multi.set_timer();
  return 0;
}

void CurlLoop::Multi::act_soon() {
  asio::post(context_, [weak = weak_from_this()] {
    const auto alive = weak.lock();
    if (!alive || alive->closed_) return;
    alive->timer_->is_posted = false;
    alive->act(CURL_SOCKET_TIMEOUT, 0);
  });
}

void CurlLoop::Multi::set_timer() {
  timer_->is_set = true;
  timer_->timer.expires_at(*timer_->due);
  timer_->timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto alive = weak.lock();
    // Set again meanwhile: that wait ends another time.
    if (!alive || alive->closed_ || error) return;
    Timer& timer = *alive->timer_;
    timer.is_set = false;
    if (!timer.due) return;
    if (*timer.due > Timer::Clock::now()) {
      alive->set_timer();
    } else {
      timer.due.reset();
      alive->act(CURL_SOCKET_TIMEOUT, 0);
    }
  });
}

void CurlLoop::Multi::act(curl_socket_t fd, int events) {
  int running = 0;
  curl_multi_socket_action(handle_, fd, events, &running);
  end_finished();
}

void CurlLoop::Multi::end_finished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(handle_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const easy = message->easy_handle;
    const CURLcode code = message->data.result;
    char* end = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &end);
    curl_multi_remove_handle(handle_, easy);
    reinterpret_cast<CurlEnd*>(end)->on_end(code);
  }
}

}  // namespace shoal::net
