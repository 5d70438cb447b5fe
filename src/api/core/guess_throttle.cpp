#include "api/core/guess_throttle.h"

#include <algorithm>
#include <iterator>

namespace shoal::api {

GuessThrottle::Entry* GuessThrottle::find(const std::string& key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  const auto entry = found->second;
  if (entry->last + rules_.memory > clock_.steady_now()) return &*entry;
  index_.erase(found);
  order_.erase(entry);
  return nullptr;
}

std::optional<Seconds> GuessThrottle::wait(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  const Entry* entry = find(key);
  if (entry == nullptr || entry->failures < rules_.free) return std::nullopt;
  const std::uint32_t doublings = std::min(entry->failures - rules_.free, 20U);
  const Seconds delay = std::min(Seconds{1} * (1U << doublings), rules_.longest);
  const auto left = entry->last + delay - clock_.steady_now();
  if (left <= left.zero()) return std::nullopt;
  return std::chrono::ceil<Seconds>(left);
}

void GuessThrottle::failed(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  if (Entry* known = find(key)) {
    order_.splice(order_.begin(), order_, index_.find(key)->second);
    ++known->failures;
    known->last = clock_.steady_now();
    return;
  }
  if (order_.size() >= rules_.keys) {
    index_.erase(order_.back().key);
    order_.pop_back();
  }
  order_.push_front({key, 1, clock_.steady_now()});
  index_.emplace(key, order_.begin());
}

void GuessThrottle::succeeded(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end()) return;
  order_.erase(found->second);
  index_.erase(found);
}

}  // namespace shoal::api
