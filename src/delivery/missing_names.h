#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace shoal::delivery {

/// Names that were no media a moment ago, so that asking for one again and again costs nothing.
/// Short, because a playlist of running work may begin at any moment. Bounded, oldest first out.
/// Any thread.
class MissingNames {
 public:
  static constexpr Milliseconds k_keep{250};
  static constexpr std::size_t k_limit = 4096;

  explicit MissingNames(const Clock& clock) : clock_(clock) {}

  bool contains(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    const auto found = until_.find(name);
    return found != until_.end() && clock_.steady_now() < found->second;
  }

  void add(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    const SteadyTime until = clock_.steady_now() + k_keep;
    if (!until_.insert_or_assign(name, until).second) return;
    order_.push_back(name);
    if (order_.size() <= k_limit) return;
    until_.erase(order_.front());
    order_.pop_front();
  }

  void clear() {
    const std::scoped_lock lock(mutex_);
    until_.clear();
    order_.clear();
  }

 private:
  const Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, SteadyTime> until_;
  std::list<std::string> order_;
};

}  // namespace shoal::delivery
