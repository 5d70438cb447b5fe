#include "io/offload.h"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace shoal::io {

namespace asio = boost::asio;

struct Offload::Impl {
  using Job = std::move_only_function<void()>;

  Impl(std::string pool, std::size_t threads, std::size_t limit, ThreadStarter starter)
      : name(std::move(pool)),
        thread_limit(threads),
        queue_limit(limit),
        start(std::move(starter)) {}

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
      return start_thread();
    }
    return true;
  }

  /// For the job that was queued last. Where the machine has no thread to give, those that run take
  /// it in their turn; without any it is refused.
  bool start_thread() {
    try {
      make_thread();
    } catch (const std::system_error&) {
      if (!threads.empty()) return true;
      queue.pop_back();
      return false;
    }
    return true;
  }

  void make_thread() {
    threads.reserve(thread_limit);
    threads.push_back(start([this] { work(); }));
    // Counted as idle until it takes its first job, so that the bound holds meanwhile.
    ++idle;
    pthread_setname_np(threads.back().native_handle(), name.substr(0, 15).c_str());
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
  const ThreadStarter start;
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::deque<Job> queue;
  std::size_t idle = 0;
  bool stopping = false;
  std::vector<std::thread> threads;
};

Offload::Offload(std::string name, std::size_t threads, std::size_t queue_limit,
                 ThreadStarter starter)
    : impl_(std::make_unique<Impl>(std::move(name), threads, queue_limit, std::move(starter))) {}

std::thread Offload::start_thread(std::function<void()> body) {
  return std::thread(std::move(body));
}

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
        asio::post(executor, [done = std::move(handler), guard = std::move(work_guard),
                              error = std::move(error),
                              accepted]() mutable { std::move(done)(std::move(error), accepted); });
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
      call->finish(std::move(error), true);
    });
    if (!accepted) call->finish(nullptr, false);
  };
  co_return co_await asio::async_initiate<const UseAwaitable&, void(std::exception_ptr, bool)>(
      std::move(initiate), use_awaitable, impl_.get(), std::move(job));
}

}  // namespace shoal::io
