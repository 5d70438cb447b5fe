#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "io/task.h"

namespace shoal::io {

/// Lets so many tasks pass at once; the others wait in the order in which they came. As many wait
/// as there are tasks. Must outlive its permits and those who wait. Any thread.
class Semaphore {
 public:
  explicit Semaphore(std::size_t permits) : free_(permits) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  /// Gives itself back when it goes.
  class Permit {
   public:
    explicit Permit(Semaphore& semaphore) : semaphore_(&semaphore) {}
    Permit(Permit&& other) noexcept : semaphore_(std::exchange(other.semaphore_, nullptr)) {}
    Permit& operator=(Permit&& other) noexcept {
      std::swap(semaphore_, other.semaphore_);
      return *this;
    }
    ~Permit() {
      if (semaphore_ != nullptr) semaphore_->release();
    }

   private:
    Semaphore* semaphore_;
  };

  Task<Permit> acquire() {
    namespace asio = boost::asio;
    // Not told of cancellation, like Offload's: a turn comes, and then the task goes on.
    auto initiate = [this](auto handler) {
      auto guard = asio::make_work_guard(asio::get_associated_executor(handler));
      using Handler = decltype(handler);
      struct Call {
        Handler handler;
        decltype(guard) work_guard;
      };
      auto call = std::make_shared<Call>(Call{std::move(handler), std::move(guard)});
      join([call] {
        auto executor = asio::prefer(call->work_guard.get_executor(),
                                     asio::execution::outstanding_work.untracked);
        asio::post(executor, [done = std::move(call->handler),
                              held = std::move(call->work_guard)]() mutable { std::move(done)(); });
      });
    };
    if (!take()) {
      co_await asio::async_initiate<const UseAwaitable&, void()>(std::move(initiate),
                                                                 use_awaitable);
    }
    co_return Permit(*this);
  }

  std::size_t waiting() const {
    const std::scoped_lock lock(mutex_);
    return waiters_.size();
  }

 private:
  using Waiter = std::move_only_function<void()>;

  bool take() {
    const std::scoped_lock lock(mutex_);
    if (free_ == 0) return false;
    --free_;
    return true;
  }
  void join(Waiter waiter) {
    {
      const std::scoped_lock lock(mutex_);
      if (free_ == 0) {
        waiters_.push_back(std::move(waiter));
        return;
      }
      --free_;
    }
    waiter();
  }
  void release() {
    Waiter next;
    {
      const std::scoped_lock lock(mutex_);
      if (waiters_.empty()) {
        ++free_;
        return;
      }
      next = std::move(waiters_.front());
      waiters_.pop_front();
    }
    next();
  }

  mutable std::mutex mutex_;
  std::size_t free_;
  std::deque<Waiter> waiters_;
};

}  // namespace shoal::io
