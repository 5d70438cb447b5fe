#include "delivery/single_flight.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace shoal::delivery {

namespace asio = boost::asio;

std::unique_ptr<SingleFlight::Turn> SingleFlight::take_off(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  if (!flights_.try_emplace(name).second) return nullptr;
  return std::make_unique<Turn>(*this, name);
}

void SingleFlight::join(const std::string& name, Waiter waiter) {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto flight = flights_.find(name); flight != flights_.end()) {
      flight->second.push_back(std::move(waiter));
      return;
    }
  }
  waiter(std::nullopt);
}

void SingleFlight::finish(const std::string& name, const std::optional<Found>& found) {
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

io::Task<std::optional<SingleFlight::Found>> SingleFlight::wait(std::string name) {
  using Landed = std::optional<Found>;
  // Not told of cancellation, like Offload's: a load ends soon, and then the task goes on.
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
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&,
                                          void(std::exception_ptr, Landed)>(
      std::move(initiate), asio::use_awaitable, this, std::move(name));
}

io::Task<SingleFlight::Boarded> SingleFlight::board(std::string name) {
  if (auto turn = take_off(name)) co_return Boarded{std::move(turn), std::nullopt};
  co_return Boarded{nullptr, co_await wait(std::move(name))};
}

}  // namespace shoal::delivery
