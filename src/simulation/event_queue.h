#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "simulation/chance.h"

namespace shoal::simulation {

enum class NodeId : std::uint32_t {};
/// What belongs to no node: the world itself.
inline constexpr NodeId k_world{UINT32_MAX};

using Action = std::move_only_function<void()>;

struct Event {
  Microseconds at{};
  std::uint64_t number = 0;  ///< in the order of pushing, from 0
  NodeId owner = k_world;    ///< whose timer it is, or who gets the message
  NodeId sender = k_world;   ///< of a message
  std::uint32_t life = 0;    ///< of the owner, when it was pushed
  Action action;
};

/// What will happen, in order of time and, at the same time, of pushing: so a run has one order.
/// One thread. Holds at most `k_most` events: a model that floods is a bug, which aborts.
class EventQueue {
 public:
  static constexpr std::size_t k_most = std::size_t{1} << 26;

  /// Numbers the event.
  void push(Event event);
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  /// Of the next; not when empty.
  Microseconds next_at() const;
  /// Takes the next; not when empty.
  Event pop();

 private:
  // What the heap moves about stays small; the events lie still.
  struct Entry {
    Microseconds at;
    std::uint64_t number;
    std::uint32_t slot;
  };
  static bool is_later(const Entry& a, const Entry& b) {
    return a.at != b.at ? a.at > b.at : a.number > b.number;
  }

  std::vector<Entry> heap_;
  std::vector<Event> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t pushed_ = 0;
};

}  // namespace shoal::simulation
