#include "io/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <list>
#include <mutex>
#include <utility>
#include <vector>

#include "base/check.h"

namespace shoal::io {

namespace asio = boost::asio;

namespace {

/// What ended a task: nothing or cancellation is fine, anything else is a bug.
void check_end(const std::string& group, const std::exception_ptr& error) {
  if (!error) return;
  std::string what;
  try {
    std::rethrow_exception(error);
  } catch (const boost::system::system_error& e) {
    if (e.code() == asio::error::operation_aborted) return;
    what = e.what();
  } catch (const std::exception& e) {
    what = e.what();
  } catch (...) {
    what = "an exception of unknown type";
  }
  check_failed("no exception leaves a task of '" + group + "': " + what, __FILE__, __LINE__);
}

}  // namespace

struct TaskGroup::State : std::enable_shared_from_this<State> {
  /// Lives on `executor`; only the list that holds it is shared.
  struct Entry {
    explicit Entry(Executor home) : executor(std::move(home)) {}
    Executor executor;
    asio::cancellation_signal signal;
    bool cancelled = false;
  };
  using Entries = std::list<std::shared_ptr<Entry>>;

  State(Executor home, std::string group) : executor(std::move(home)), name(std::move(group)) {}

  bool spawn(Executor home, Task<> task) {
    Entries::iterator position;
    auto entry = std::make_shared<Entry>(std::move(home));
    {
      const std::lock_guard lock(mutex);
      if (refusing) return false;
      position = entries.insert(entries.end(), entry);
    }
    // The signal belongs to the executor's thread, so the task is started there too; cancel() posts
    // to the same executor and therefore comes after the start.
    asio::post(entry->executor,
               [self = shared_from_this(), entry, position, task = std::move(task)]() mutable {
                 if (entry->cancelled) {
                   self->ended(position, nullptr);
                   return;
                 }
                 asio::co_spawn(entry->executor, std::move(task),
                                asio::bind_cancellation_slot(
                                    entry->signal.slot(),
                                    [self, entry, position](const std::exception_ptr& error) {
                                      self->ended(position, error);
                                    }));
               });
    return true;
  }

  void ended(Entries::iterator position, const std::exception_ptr& error) {
    check_end(name, error);
    std::vector<std::move_only_function<void()>> ready;
    std::shared_ptr<Entry> last;
    {
      const std::lock_guard lock(mutex);
      last = std::move(*position);
      entries.erase(position);
      if (entries.empty()) ready.swap(waiters);
    }
    for (auto& resume : ready) resume();
  }

  void refuse() {
    const std::lock_guard lock(mutex);
    refusing = true;
  }

  void cancel() {
    const std::lock_guard lock(mutex);
    refusing = true;
    for (const auto& entry : entries) {
      asio::post(entry->executor, [entry] {
        entry->cancelled = true;
        entry->signal.emit(asio::cancellation_type::terminal);
      });
    }
  }

  /// Calls `resume` once no task runs.
  void when_empty(std::move_only_function<void()> resume) {
    {
      const std::lock_guard lock(mutex);
      if (!entries.empty()) {
        waiters.push_back(std::move(resume));
        return;
      }
    }
    resume();
  }

  static Task<> wait(std::shared_ptr<State> self) {
    auto initiate = [self](auto handler) {
      auto work = asio::make_work_guard(asio::get_associated_executor(handler));
      self->when_empty([work = std::move(work), handler = std::move(handler)]() mutable {
        auto executor = work.get_executor();
        asio::post(executor, std::move(handler));
      });
    };
    co_await asio::async_initiate<const UseAwaitable&, void()>(std::move(initiate), use_awaitable);
  }

  const Executor executor;
  const std::string name;
  mutable std::mutex mutex;
  bool refusing = false;
  Entries entries;
  std::vector<std::move_only_function<void()>> waiters;
};

TaskGroup::TaskGroup(Executor executor, std::string name)
    : state_(std::make_shared<State>(std::move(executor), std::move(name))) {}

TaskGroup::~TaskGroup() {
  SHOAL_CHECK(running() == 0);
}

bool TaskGroup::spawn(Task<> task) {
  return state_->spawn(state_->executor, std::move(task));
}

bool TaskGroup::spawn_on(Executor executor, Task<> task) {
  return state_->spawn(std::move(executor), std::move(task));
}

std::size_t TaskGroup::running() const {
  const std::lock_guard lock(state_->mutex);
  return state_->entries.size();
}

void TaskGroup::cancel() {
  state_->cancel();
}

Task<> TaskGroup::stop() {
  state_->cancel();
  return State::wait(state_);
}

Task<> TaskGroup::drain() {
  state_->refuse();
  return State::wait(state_);
}

}  // namespace shoal::io
