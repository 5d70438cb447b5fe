#include "io/runtime.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"

namespace shoal::io {

namespace asio = boost::asio;

std::size_t usable_cores() {
  cpu_set_t cores;
  // More cores than the set has room for: then the affinity is not what limits us.
  if (::sched_getaffinity(0, sizeof(cores), &cores) != 0)
    return std::max(1U, std::thread::hardware_concurrency());
  return static_cast<std::size_t>(std::max(1, CPU_COUNT(&cores)));
}

struct Runtime::Impl {
  /// One thread runs it: the hint lets Asio skip the wake-ups that several would need.
  struct Core {
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    std::thread thread;
  };

  explicit Impl(std::size_t count) {
    // sendfile(2) has no MSG_NOSIGNAL: a peer that went away must be an error, not a signal.
    std::signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    for (std::size_t i = 0; i < count; ++i) cores.push_back(std::make_unique<Core>());
    for (std::size_t i = 0; i < count; ++i) {
      Core& core = *cores[i];
      core.thread = std::thread([&core] { run(core); });
      pthread_setname_np(core.thread.native_handle(), ("core-" + std::to_string(i)).c_str());
    }
  }

  /// The soft limit is 1024 by default, for programs that use select(2); children get it back.
  static void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }

  static void run(Core& core) {
    try {
      core.context.run();
    } catch (const std::exception& error) {
      check_failed(std::string("no exception leaves a handler: ") + error.what(), __FILE__,
                   __LINE__);
    }
  }

  ~Impl() {
    for (auto& core : cores) {
      core->work.reset();
      core->context.stop();
    }
    for (auto& core : cores) core->thread.join();
  }

  std::vector<std::unique_ptr<Core>> cores;
  std::atomic<std::size_t> next{0};
};

Runtime::Runtime(std::size_t threads) : impl_(std::make_unique<Impl>(threads > 0 ? threads : 1)) {}

Runtime::~Runtime() = default;

std::size_t Runtime::size() const {
  return impl_->cores.size();
}

Executor Runtime::executor(std::size_t index) const {
  return impl_->cores.at(index)->context.get_executor();
}

Executor Runtime::next_executor() {
  return executor(impl_->next.fetch_add(1, std::memory_order_relaxed) % size());
}

void Runtime::run_until_done(Task<> task) {
  std::promise<void> ended;
  asio::co_spawn(executor(0), std::move(task), [&ended](const std::exception_ptr& error) {
    if (error) {
      ended.set_exception(error);
    } else {
      ended.set_value();
    }
  });
  ended.get_future().get();
}

}  // namespace shoal::io
