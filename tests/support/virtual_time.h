#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <map>
#include <memory>
#include <stdexcept>

#include "base/clock.h"
#include "io/task.h"

namespace shoal::tests {

/// Coroutines on one io_context in a time that jumps: run() lets everything ready go on, then moves
/// the clock to the next sleeper, so an hour of waiting takes no time and always the same steps.
/// One thread. Real timers and sockets would be waited for in real time: use none.
class VirtualTime final : public Clock {
 public:
  explicit VirtualTime(UtcTime start = UtcTime{Milliseconds{1'700'000'000'000}}) : start_(start) {}

  UtcTime now() const override { return start_ + elapsed_; }
  SteadyTime steady_now() const override { return SteadyTime{elapsed_}; }
  io::Executor executor() { return context_.get_executor(); }

  /// Ends at `time`, or by cancellation of its task.
  io::Task<> sleep_until(SteadyTime time) {
    // A timer that never expires is an event that knows cancellation.
    auto event = std::make_shared<boost::asio::steady_timer>(
        context_, boost::asio::steady_timer::time_point::max());
    const auto place = sleepers_.emplace(time, event);
    const Erase erase{*this, place};
    boost::system::error_code error;
    co_await event->async_wait(boost::asio::redirect_error(io::use_awaitable, error));
    if (steady_now() < time) throw boost::system::system_error(error);
  }
  io::Task<> sleep_for(Milliseconds duration) { return sleep_until(steady_now() + duration); }

  /// Runs `task` to its end and rethrows; what others left running stays where it is.
  void run(io::Task<> task) {
    bool ended = false;
    std::exception_ptr error;
    boost::asio::co_spawn(context_, std::move(task), [&](std::exception_ptr failure) {
      ended = true;
      error = std::move(failure);
    });
    while (!ended) {
      context_.restart();
      while (!ended && context_.poll_one() > 0) {
      }
      if (!ended && !advance()) throw std::logic_error("the task waits for nothing that can come");
    }
    if (error) std::rethrow_exception(error);
  }

 private:
  using Sleepers = std::multimap<SteadyTime, std::shared_ptr<boost::asio::steady_timer>>;
  struct Erase {
    ~Erase() { time.sleepers_.erase(place); }
    VirtualTime& time;
    Sleepers::iterator place;
  };

  bool advance() {
    if (sleepers_.empty()) return false;
    const auto next = sleepers_.begin()->first;
    if (next > steady_now())
      elapsed_ = std::chrono::duration_cast<Milliseconds>(next.time_since_epoch());
    for (auto at = sleepers_.begin(); at != sleepers_.end() && at->first <= next; ++at)
      at->second->cancel();
    return true;
  }

  const UtcTime start_;
  Milliseconds elapsed_{0};
  boost::asio::io_context context_{1};
  Sleepers sleepers_;
};

}  // namespace shoal::tests
