#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "io/task.h"

namespace shoal::io {

/// A bounded pool of threads for calls that block (database, disk, argon2). Any thread.
/// `threads` run at once and `queue_limit` wait; one more is refused with ErrorCode::busy.
/// Threads start when there is work for them; while the machine has none to give, those that run do
/// the work, and without any it is refused as busy. Must outlive the tasks that await it, and end
/// before the runtime that they run on.
class Offload {
 public:
  /// Throws std::system_error where the machine has no thread to give; replaced in tests.
  using ThreadStarter = std::function<std::thread(std::function<void()>)>;
  Offload(std::string name, std::size_t threads, std::size_t queue_limit,
          ThreadStarter starter = start_thread);
  /// Waits for what was accepted.
  ~Offload();
  Offload(const Offload&) = delete;
  Offload& operator=(const Offload&) = delete;

  /// Runs `work` (returns Result<T>) on a pool thread and resumes on the caller's executor.
  /// Accepted work always runs to its end, also when the awaiting task is cancelled meanwhile:
  /// so `work` owns what it touches.
  template <class Work>
  auto run(Work work) -> Task<std::invoke_result_t<Work&>> {
    using R = std::invoke_result_t<Work&>;
    auto slot = std::make_shared<std::optional<R>>();
    const bool accepted =
        co_await dispatch([slot, work = std::move(work)]() mutable { slot->emplace(work()); });
    if (!accepted) co_return fail(ErrorCode::busy, "too many requests are waiting; try again");
    co_return std::move(**slot);
  }

  /// Calls that wait for a thread.
  std::size_t queued() const;

 private:
  static std::thread start_thread(std::function<void()> body);

  /// Queues `job`; resumes with true after it ran, with false when the queue is full.
  /// An exception in `job` is rethrown here.
  Task<bool> dispatch(std::move_only_function<void()> job);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal::io
