#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "io/task.h"

namespace shoal::io {

/// Lets one task find what a name stands for while the others that want it wait for what it finds
/// (a copy for each). As many wait as there are tasks. Must outlive its turns. Any thread.
template <class Found>
class SingleFlight {
 public:
  /// The right, and the duty, to find a name. Where it goes without land(), because its task gave
  /// up, those who wait are told nothing.
  class Turn {
   public:
    Turn(SingleFlight& flights, std::string name) : flights_(&flights), name_(std::move(name)) {}
    ~Turn() {
      if (flights_ != nullptr) flights_->finish(name_, std::nullopt);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    void land(Found found) { std::exchange(flights_, nullptr)->finish(name_, std::move(found)); }

   private:
    SingleFlight* flights_;
    const std::string name_;
  };

  struct Boarded {
    std::unique_ptr<Turn> turn;  ///< null for who waited
    std::optional<Found> found;  ///< what the one before found; nothing when it gave up
  };
  /// Resumes at once with a turn where nobody finds `name`, else when the one who does is done.
  Task<Boarded> board(std::string name) {
    if (auto turn = take_off(name)) co_return Boarded{std::move(turn), std::nullopt};
    co_return Boarded{nullptr, co_await wait(std::move(name))};
  }

 private:
  using Landed = std::optional<Found>;
  using Waiter = std::move_only_function<void(Landed)>;

  std::unique_ptr<Turn> take_off(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    if (!flights_.try_emplace(name).second) return nullptr;
    return std::make_unique<Turn>(*this, name);
  }

  /// Calls `waiter` when the flight lands, at once when there is none.
  void join(const std::string& name, Waiter waiter) {
    {
      const std::scoped_lock lock(mutex_);
      if (const auto flight = flights_.find(name); flight != flights_.end()) {
        flight->second.push_back(std::move(waiter));
        return;
      }
    }
    waiter(std::nullopt);
  }

  void finish(const std::string& name, const Landed& found) {
    std::vector<Waiter> waiters;
    {
      const std::scoped_lock lock(mutex_);
      const auto flight = flights_.find(name);
      if (flight == flights_.end()) return;
      waiters = std::move(flight->second);
      flights_.erase(flight);
    }
    for (Waiter& waiter : waiters) waiter(found);
  }

  Task<Landed> wait(std::string name) {
    namespace asio = boost::asio;
    // Not told of cancellation, like Offload's: a flight ends soon, and then the task goes on.
    auto initiate = [](auto handler, SingleFlight* flights, const std::string& of) {
      auto guard = asio::make_work_guard(asio::get_associated_executor(handler));
      using Handler = decltype(handler);
      struct Call {
        Handler handler;
        decltype(guard) work_guard;
        void finish(Landed landed) {
          auto executor =
              asio::prefer(work_guard.get_executor(), asio::execution::outstanding_work.untracked);
          asio::post(executor, [done = std::move(handler), held = std::move(work_guard),
                                landed = std::move(landed)]() mutable {
            std::move(done)(std::exception_ptr(), std::move(landed));
          });
        }
      };
      auto call = std::make_shared<Call>(Call{std::move(handler), std::move(guard)});
      flights->join(of, [call](Landed found) { call->finish(std::move(found)); });
    };
    co_return co_await asio::async_initiate<const UseAwaitable&, void(std::exception_ptr, Landed)>(
        std::move(initiate), use_awaitable, this, std::move(name));
  }

  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<Waiter>> flights_;
};

}  // namespace shoal::io
