#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "io/task.h"

namespace shoal::io {

/// Owns spawned tasks so that none outlives its service: refuses new ones once stopping, cancels
/// (terminal cancellation) and waits for the rest. An exception other than cancellation that leaves
/// a task is a defect and aborts with its message. Be its owner's last member. Any thread; every
/// executor it is given has one thread (as those of Runtime).
class TaskGroup {
 public:
  /// `name` is for logs and for the metric of running tasks.
  TaskGroup(Executor executor, std::string name);
  /// Aborts when tasks still run: await stop() first.
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// False, and the task is dropped unstarted, once stop() was called.
  bool spawn(Task<> task);
  /// The same, on another executor (one connection per io_context).
  bool spawn_on(Executor executor, Task<> task);

  std::size_t running() const;
  /// Refuses new tasks and cancels the running ones without waiting for them.
  void cancel();
  /// cancel(), then waits until the last one has ended. The wait itself cannot be cancelled; but a
  /// task that was cancelled must await `this_coro::throw_if_cancelled(false)` before it awaits
  /// this, as before every other clean-up.
  Task<> stop();
  /// Refuses new tasks and waits for the running ones without cancelling them.
  Task<> drain();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace shoal::io
