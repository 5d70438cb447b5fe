#pragma once

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <optional>

#include "base/result.h"
#include "io/task.h"
#include "io/task_group.h"

namespace shoal::processing {

/// Lets a coroutine handle what a running step reports by plain callbacks: the step calls notify()
/// on the same executor, the coroutine awaits changed(). One executor.
class ProgressFeed {
 public:
  explicit ProgressFeed(io::Executor executor)
      : timer_(executor, boost::asio::steady_timer::time_point::max()) {}

  void notify() {
    ++version_;
    timer_.cancel();
  }
  void finish() {
    finished_ = true;
    notify();
  }
  bool finished() const { return finished_; }

  /// Returns once something was reported since the last call, or the step is over.
  io::Task<> changed() {
    while (version_ == seen_) {
      boost::system::error_code woken;
      co_await timer_.async_wait(boost::asio::redirect_error(io::use_awaitable, woken));
      // Only notify() cancels the wait without the task being cancelled; that one rethrows.
      if (version_ == seen_) {
        const auto state = co_await boost::asio::this_coro::cancellation_state;
        if (state.cancelled() != boost::asio::cancellation_type::none)
          throw boost::system::system_error(boost::asio::error::operation_aborted);
      }
    }
    seen_ = version_;
  }

 private:
  boost::asio::steady_timer timer_;
  std::uint64_t version_ = 0;
  std::uint64_t seen_ = 0;
  bool finished_ = false;
};

}  // namespace shoal::processing
