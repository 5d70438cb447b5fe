#include "simulation/event_queue.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace shoal::simulation {

void EventQueue::push(Event event) {
  SHOAL_CHECK(heap_.size() < k_most);
  event.number = pushed_++;
  Entry entry{event.at, event.number, 0};
  if (free_.empty()) {
    entry.slot = static_cast<std::uint32_t>(slots_.size());
    slots_.push_back(std::move(event));
  } else {
    entry.slot = free_.back();
    free_.pop_back();
    slots_[entry.slot] = std::move(event);
  }
  heap_.push_back(entry);
  std::ranges::push_heap(heap_, is_later);
}

Microseconds EventQueue::next_at() const {
  SHOAL_CHECK(!heap_.empty());
  return heap_.front().at;
}

Event EventQueue::pop() {
  SHOAL_CHECK(!heap_.empty());
  std::ranges::pop_heap(heap_, is_later);
  const std::uint32_t slot = heap_.back().slot;
  heap_.pop_back();
  free_.push_back(slot);
  return std::move(slots_[slot]);
}

}  // namespace shoal::simulation
