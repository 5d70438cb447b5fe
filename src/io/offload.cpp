#include "io/offload.h"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace shoal::io {

namespace asio = boost::asio;

struct Offload::Impl {
  using Job = std::move_only_function<void()>;

  Impl(std::string pool, std::size_t threads, std::size_t limit)
      : name(std::move(pool)), thread_limit(threads), queue_limit(limit) {}

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    wake.notify_all();
    for (auto& thread : threads) thread.join();
  }

  bool submit(Job job) {
    const std::lock_guard lock(mutex);
    if (stopping || queue.size() >= queue_limit + idle) return false;
    queue.push_back(std::move(job));
    if (idle >= queue.size()) {
      wake.notify_one();
    } else if (threads.size() < thread_limit) {
      // Counted as idle until it takes its first job, so that the bound holds meanwhile.
      ++idle;
      threads.emplace_back([this] { work(); });
      pthread_setname_np(threads.back().native_handle(), name.substr(0, 15).c_str());
    }
    return true;
  }

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [this] { return stopping || !queue.empty(); });
      if (queue.empty()) return;
      Job job = std::move(queue.front());
      queue.pop_front();
      --idle;
      lock.unlock();
      job();
      job = nullptr;  // what the job owns goes outside the lock
      lock.lock();
      ++idle;
    }
  }

  const std::string name;
  const std::size_t thread_limit;
  const std::size_t queue_limit;
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::deque<Job> queue;
  std::size_t idle = 0;
  bool stopping = false;
  std::vector<std::thread> threads;
};

Offload::Offload(std::string name, std::size_t threads, std::size_t queue_limit)
    : impl_(std::make_unique<Impl>(std::move(name), threads, queue_limit)) {}

Offload::~Offload() = default;

std::size_t Offload::queued() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->queue.size() > impl_->idle ? impl_->queue.size() - impl_->idle : 0;
}

Task<bool> Offload::dispatch(std::move_only_function<void()> job) {
  // The handler is not told of cancellation (it connects no slot): the work runs to its end and
  // only then does the task go on, so nothing the work touches can disappear under it.
  auto initiate = [](auto handler, Impl* impl, std::move_only_function<void()> work) {
    auto guard = asio::make_work_guard(asio::get_associated_executor(handler));
    using Handler = decltype(handler);
    struct Call {
      Handler handler;
      decltype(guard) work_guard;
      void finish(std::exception_ptr error, bool accepted) {
        // The guard leaves with the handler: once that has run, the runtime may be gone, and this
        // thread still has the job to destroy.
        auto executor =
            asio::prefer(work_guard.get_executor(), asio::execution::outstanding_work.untracked);
        asio::post(executor, [done = std::move(handler), guard = std::move(work_guard), error,
                              accepted]() mutable { std::move(done)(error, accepted); });
      }
    };
    auto call = std::make_shared<Call>(Call{std::move(handler), std::move(guard)});
    const bool accepted = impl->submit([call, run = std::move(work)]() mutable {
      std::exception_ptr error;
      try {
        run();
      } catch (...) {
        error = std::current_exception();
      }
      run = nullptr;
      call->finish(error, true);
    });
    if (!accepted) call->finish(nullptr, false);
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&,
                                          void(std::exception_ptr, bool)>(
      std::move(initiate), asio::use_awaitable, impl_.get(), std::move(job));
}

}  // namespace shoal::io
