#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/random.h"
#include "simulation/event_queue.h"

namespace shoal::simulation {

/// How wrong a node's clock is: `offset` is added to its wall time alone; `drift` is what a true
/// second is longer for it (0.0001: a hundred microseconds), for both of its times.
struct Skew {
  Milliseconds offset{0};
  double drift = 0;  ///< within ±0.5
};

/// A way between two nodes, in one direction. A message takes between `latency` and `latency +
/// jitter`, so that messages may overtake each other; a share `loss` of them never arrives.
struct Link {
  Microseconds latency{1000};
  Microseconds jitter{0};
  double loss = 0;
};

struct Counts {
  std::uint64_t events = 0;    ///< carried out
  std::uint64_t sent = 0;      ///< messages
  std::uint64_t lost = 0;      ///< messages: by a link, a partition or a crash
  std::uint64_t outlived = 0;  ///< timers whose node crashed before
};

/// A world in virtual time: nodes that crash and restart, with clocks of their own, links between
/// them, and one queue of events. All chance comes from the seed, and nothing else is asked, so the
/// same program with the same seed is the same run. Programs are functions that set timers and send
/// messages; they hold the kernel by reference and outlive no run. One thread.
class Kernel {
 public:
  /// `begin` is the true wall time at 0.
  explicit Kernel(std::uint64_t seed, UtcTime begin = UtcTime{Milliseconds{1'700'000'000'000}});
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  Microseconds now() const { return now_; }
  /// True time, for models and checkers; programs ask the clock of their node.
  const Clock& clock() const { return true_clock_; }
  Random& random() { return random_; }

  /// A node that is up. `start` runs now and after each restart.
  NodeId add_node(std::string name, std::function<void()> start = {}, Skew skew = {});
  std::size_t node_count() const { return nodes_.size(); }
  const std::string& name(NodeId node) const { return at(node).name; }
  bool is_up(NodeId node) const { return at(node).is_up; }
  /// Stays valid as long as the kernel.
  const Clock& clock(NodeId node) const { return at(node).clock; }
  void set_skew(NodeId node, Skew skew);
  /// Its timers are gone, and what is on its way to it. Nothing when it is down.
  void crash(NodeId node);
  /// Nothing when it is up.
  void restart(NodeId node);

  /// The world's own timer.
  void after(Microseconds delay, Action action);
  /// A node's timer, by its own clock; it does not survive a crash. Nothing when it is down.
  void after(NodeId node, Microseconds delay, Action action);

  /// Between every two nodes that have no link of their own.
  void set_default_link(Link link);
  void set_link(NodeId from, NodeId to, Link link);
  /// Runs `action` at `to`, unless it is lost: by the link, or because `to` is down or cut off when
  /// it is sent or when it arrives, or has crashed between. Nothing when `from` is down.
  void send(NodeId from, NodeId to, Action action);
  /// Cuts these nodes off from the others; among themselves they go on. Before's cut ends.
  void isolate(std::span<const NodeId> nodes);
  void heal() { isolate({}); }
  bool is_cut_off(NodeId a, NodeId b) const { return at(a).is_isolated != at(b).is_isolated; }

  /// Carries out what happens up to and at `end`, which is `now` then.
  void run_until(Microseconds end);
  const Counts& counts() const { return counts_; }
  std::size_t waiting() const { return queue_.size(); }
  /// Of all that happened so far, when and to whom: equal runs have equal ones.
  std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  class NodeClock final : public Clock {
   public:
    NodeClock(const Kernel& kernel, Skew skew);
    UtcTime now() const override;
    SteadyTime steady_now() const override;
    void set(Skew skew);
    /// How long a wait by this clock truly is.
    Microseconds true_delay(Microseconds delay) const;

   private:
    Microseconds local() const;

    const Kernel& kernel_;
    Skew skew_;
    // Where this drift began, in both times.
    Microseconds local_since_{0};
    Microseconds true_since_;
  };
  struct Node {
    std::string name;
    std::function<void()> start;
    NodeClock clock;
    std::uint32_t life = 0;  ///< counts crashes
    bool is_up = true;
    bool is_isolated = false;
  };

  Node& at(NodeId node);
  const Node& at(NodeId node) const;
  const Link& link(NodeId from, NodeId to) const;
  bool still_happens(const Event& event);
  void push(Microseconds delay, NodeId owner, NodeId sender, Action action);

  UtcTime begin_;
  Microseconds now_{0};
  SeededRandom random_;
  NodeClock true_clock_;
  EventQueue queue_;
  std::deque<Node> nodes_;  // whose clocks stay where they are
  Link default_link_;
  std::unordered_map<std::uint64_t, Link> links_;
  Counts counts_;
  std::uint64_t fingerprint_ = 0;
};

}  // namespace shoal::simulation
