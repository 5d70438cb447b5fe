#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "delivery/media_cache.h"
#include "io/task.h"

namespace shoal::delivery {

/// Lets one request load a name while the others that want it wait for what it finds. As many wait
/// as there are connections. Must outlive its turns. Any thread.
class SingleFlight {
 public:
  using Found = Result<std::shared_ptr<const CachedMedia>>;

  /// The right, and the duty, to load a name. Where it goes without land(), because its request was
  /// cancelled, those who wait are told nothing and begin anew.
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
  /// Resumes at once with a turn where nobody loads `name`, else when the one who does is done.
  io::Task<Boarded> board(std::string name);

 private:
  using Waiter = std::move_only_function<void(std::optional<Found>)>;

  std::unique_ptr<Turn> take_off(const std::string& name);
  /// Calls `waiter` when the flight lands, at once when there is none.
  void join(const std::string& name, Waiter waiter);
  void finish(const std::string& name, const std::optional<Found>& found);
  io::Task<std::optional<Found>> wait(std::string name);

  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<Waiter>> flights_;
};

}  // namespace shoal::delivery
